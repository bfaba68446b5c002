using System.Collections.Concurrent;
using EdgeSeg.Vision.Platform;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Gpio;

public class TriggerWatchTests
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(120);

    [Fact]
    public void Every_edge_of_the_line_is_passed_on_in_order()
    {
        using var line = new ScriptedLine();
        using var edges = new BlockingCollection<LineEdge>();
        using var watch = new TriggerWatch(() => line, edges.Add, _ => { }, TimeProvider.System);
        watch.Start();
        for (var i = 1; i <= 50; i++)
            line.Fire(i);
        for (var i = 1; i <= 50; i++)
        {
            Assert.True(edges.TryTake(out var edge, patience));
            Assert.Equal(new LineEdge(i, (uint)i, true), edge);
        }

        Assert.Null(watch.Fault);
        Assert.Equal(0, watch.Lost);
    }

    [Fact]
    public void A_line_that_disappears_is_reported_and_opened_again()
    {
        var time = new FakeTimeProvider();
        var lines = new ConcurrentQueue<ScriptedLine>([new ScriptedLine("first"), new ScriptedLine("second")]);
        using var reports = new BlockingCollection<string?>();
        using var edges = new BlockingCollection<LineEdge>();
        lines.TryPeek(out var first);
        using var watch = new TriggerWatch(
            () => lines.TryDequeue(out var line) ? line : throw new OperatingException("no more"),
            edges.Add,
            reports.Add,
            time
        );
        watch.Start();
        first!.Fire(7);
        Assert.True(edges.TryTake(out _, patience));
        lines.TryPeek(out var second);
        second!.Fire(8);
        first.Unplug();
        Assert.True(reports.TryTake(out var sentence, patience));
        Assert.StartsWith("first is gone", sentence, StringComparison.Ordinal);

        // the wait may not have begun yet, so the clock is moved until it is over
        var back = false;
        for (var i = 0; i < 1000 && !back; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(GpioLimits.GpioRetryMs));
            back = reports.TryTake(out sentence, 20);
        }

        Assert.True(back);
        Assert.Null(sentence);
        Assert.True(edges.TryTake(out var edge, patience));
        Assert.Equal(8, edge.Ns);
        Assert.Equal(2, watch.Edges);
    }

    [Fact]
    public void A_line_that_cannot_be_opened_is_one_sentence_and_stopping_does_not_wait_for_it()
    {
        using var reports = new BlockingCollection<string?>();
        using (var watch = new TriggerWatch(() => throw new OperatingException("busy"), _ => { }, reports.Add, new FakeTimeProvider()))
        {
            watch.Start();
            Assert.True(reports.TryTake(out var sentence, patience));
            Assert.Equal("busy", sentence);
            Assert.Equal("busy", watch.Fault);
        }

        Assert.Empty(reports);
    }
}
