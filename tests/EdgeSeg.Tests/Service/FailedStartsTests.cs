using EdgeSeg.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Service;

/// <summary>Waits between starts that fail one after another. Each start is a process, here an instance of its own.</summary>
public sealed class FailedStartsTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    private FailedStarts Start() => new(scratch.Path, time);

    /// <summary>A start that fails, waits, ends, and is restarted a second later.</summary>
    private double Fail()
    {
        var start = Start();
        var wait = start.Add();
        time.Advance(wait);
        start.Ended();
        time.Advance(TimeSpan.FromSeconds(1));
        return wait.TotalSeconds;
    }

    [Fact]
    public void The_first_failure_ends_at_once_and_later_ones_wait_twice_as_long_each_up_to_a_minute()
    {
        var waits = Enumerable.Range(0, 10).Select(_ => Fail());
        Assert.Equal([0, 2, 4, 8, 16, 32, 60, 60, 60, 60], waits);
    }

    [Fact]
    public void A_start_by_a_person_long_after_the_last_failure_ends_at_once()
    {
        Fail();
        Fail();
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, Fail());
    }

    [Fact]
    public void A_start_that_succeeds_begins_the_count_anew()
    {
        Fail();
        Fail();
        Start().Clear();
        Assert.Equal(0, Fail());
    }

    [Theory]
    [InlineData("")]
    [InlineData("x y")]
    [InlineData("3")]
    [InlineData("99999999999999999999 1")]
    [InlineData("3 9223372036854775807")]
    public void A_file_that_is_not_a_count_counts_nothing(string content)
    {
        scratch.Write("failed-starts", System.Text.Encoding.UTF8.GetBytes(content));
        Assert.Equal(0, Fail());
    }

    [Fact]
    public void Without_a_folder_of_the_service_manager_nothing_waits()
    {
        var start = new FailedStarts(null, time);
        Assert.Equal([TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero], [start.Add(), start.Add(), start.Add()]);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_no_failure_of_its_own()
    {
        var start = new FailedStarts(Path.Combine(scratch.Path, "absent"), time);
        Assert.Equal(TimeSpan.Zero, start.Add());
        start.Ended();
        start.Clear();
    }

    public void Dispose() => scratch.Dispose();
}
