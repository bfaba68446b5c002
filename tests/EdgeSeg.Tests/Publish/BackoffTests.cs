using Xunit;

namespace EdgeSeg.Publish;

public class BackoffTests
{
    [Fact]
    public void Waits_double_within_their_bounds_and_jitter_takes_up_to_half()
    {
        var backoff = new Backoff();
        Assert.Equal(Limits.ReconnectMinMs, backoff.Next(1));
        Assert.Equal(Limits.ReconnectMinMs, backoff.Next(0));
        Assert.Equal(Limits.ReconnectMinMs * 4, backoff.Next(1));
        for (var i = 0; i < 1000; i++) Assert.InRange(backoff.Next(1), Limits.ReconnectMinMs, Limits.ReconnectMaxMs);
        Assert.Equal(Limits.ReconnectMaxMs / 2, backoff.Next(0));
    }

    [Fact]
    public void Only_a_connection_that_lasted_starts_the_waits_again()
    {
        var backoff = new Backoff();
        for (var i = 0; i < 20; i++) backoff.Next(1);
        backoff.Ended(Limits.LinkStableMs - 1, takenOver: false);
        Assert.Equal(Limits.ReconnectMaxMs, backoff.Next(1));
        backoff.Ended(Limits.LinkStableMs, takenOver: false);
        Assert.Equal(Limits.ReconnectMinMs, backoff.Next(1));
    }

    [Fact]
    public void A_device_with_our_id_slows_us_to_minutes_until_a_connection_lasts()
    {
        var backoff = new Backoff();
        for (var i = 1; i <= Limits.TakenOverMax; i++)
        {
            Assert.True(backoff.Next(1) <= Limits.ReconnectMaxMs);
            backoff.Ended(100, takenOver: true);
        }

        Assert.Equal(Limits.TakenOverWaitMs, backoff.Next(1));
        backoff.Ended(Limits.TakenOverWaitMs, takenOver: true);
        Assert.Equal(Limits.TakenOverWaitMs, backoff.Next(1));
        backoff.Ended(Limits.LinkStableMs, takenOver: false);
        Assert.Equal(Limits.ReconnectMinMs, backoff.Next(1));
    }
}
