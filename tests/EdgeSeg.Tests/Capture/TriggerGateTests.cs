using Xunit;

namespace EdgeSeg.Capture;

public class TriggerGateTests
{
    private const long Ms = 1_000_000;
    private long wantedFrom;

    private TriggerGate Gate(int minGapMs = 0) => new(minGapMs, ns => wantedFrom = ns);

    [Fact]
    public void The_first_frame_at_or_after_the_edge_answers_it_and_no_other_does()
    {
        var gate = Gate();
        Assert.True(gate.Accept(100 * Ms));
        Assert.False(gate.TryAnswer(99 * Ms, out _));
        Assert.True(gate.TryAnswer(100 * Ms, out var stamp));
        Assert.Equal(new TriggerStamp(100 * Ms, 1), stamp);
        Assert.False(gate.TryAnswer(101 * Ms, out stamp));
        Assert.False(stamp.IsEdge);
    }

    [Fact]
    public void Without_an_edge_no_frame_is_wanted()
    {
        var gate = Gate();
        Assert.Equal(long.MaxValue, wantedFrom);
        Assert.False(gate.TryAnswer(1, out _));
        gate.Accept(5 * Ms);
        Assert.Equal(5 * Ms, wantedFrom);
        gate.TryAnswer(6 * Ms, out _);
        Assert.Equal(long.MaxValue, wantedFrom);
    }

    [Fact]
    public void Edges_within_the_gap_are_counted_and_do_not_stretch_it()
    {
        var gate = Gate(minGapMs: 50);
        Assert.True(gate.Accept(0));
        Assert.False(gate.Accept(30 * Ms));
        Assert.False(gate.Accept(49 * Ms));
        Assert.True(gate.Accept(50 * Ms));
        Assert.Equal((2, 2, 0, 0), gate.Stats);
    }

    [Fact]
    public void A_frame_after_several_edges_answers_them_all_and_names_the_earliest()
    {
        var gate = Gate();
        gate.Accept(10 * Ms);
        gate.Accept(20 * Ms);
        gate.Accept(40 * Ms);
        Assert.True(gate.TryAnswer(30 * Ms, out var stamp));
        Assert.Equal(new TriggerStamp(10 * Ms, 2), stamp);
        Assert.Equal(40 * Ms, wantedFrom);
        Assert.True(gate.TryAnswer(40 * Ms, out stamp));
        Assert.Equal(new TriggerStamp(40 * Ms, 1), stamp);
    }

    [Fact]
    public void A_burst_takes_no_more_room_than_its_limit_and_the_rest_is_counted()
    {
        var gate = Gate();
        for (var i = 0; i < 1000; i++)
            Assert.True(gate.Accept(i * Ms));
        Assert.True(gate.TryAnswer(1000 * Ms, out var stamp));
        Assert.Equal(CaptureLimits.PendingEdges, stamp.Edges);
        Assert.Equal((1000 - CaptureLimits.PendingEdges) * Ms, stamp.EdgeNs);
        Assert.Equal((1000, 0, 1000 - CaptureLimits.PendingEdges, 1), gate.Stats);
    }

    [Fact]
    public void An_edge_that_found_no_frame_in_time_is_missed()
    {
        var gate = Gate();
        gate.Accept(0);
        gate.Accept(100 * Ms);
        Assert.True(gate.TryAnswer((CaptureLimits.TriggerMaxAgeMs + 50) * Ms, out var stamp));
        Assert.Equal(new TriggerStamp(100 * Ms, 1), stamp);
        Assert.Equal((2, 0, 1, 1), gate.Stats);
    }
}
