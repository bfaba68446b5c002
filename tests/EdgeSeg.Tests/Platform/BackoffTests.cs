using Xunit;

namespace EdgeSeg.Platform;

public class BackoffTests
{
    [Fact]
    public void The_full_wait_doubles_up_to_the_longest()
    {
        var backoff = new Backoff(500, 60_000, new FixedRandom(0));
        int[] expected = [500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000];
        Assert.Equal(expected, expected.Select(_ => (int)backoff.Next().TotalMilliseconds));
        for (var i = 0; i < 1000; i++)
            Assert.Equal(60_000, backoff.Next().TotalMilliseconds);
    }

    [Fact]
    public void Jitter_takes_up_to_half()
    {
        var backoff = new Backoff(500, 60_000, new FixedRandom(1));
        Assert.Equal(250, backoff.Next().TotalMilliseconds);
        Assert.Equal(500, backoff.Next().TotalMilliseconds);
    }

    [Fact]
    public void After_a_reset_the_first_wait_comes_again()
    {
        var backoff = new Backoff(500, 60_000, new FixedRandom(0));
        for (var i = 0; i < 20; i++)
            backoff.Next();
        backoff.Reset();
        Assert.Equal(500, backoff.Next().TotalMilliseconds);
    }
}
