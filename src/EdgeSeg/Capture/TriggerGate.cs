namespace EdgeSeg.Capture;

/// <summary>
/// What a frame answers: the edge it is the first frame after (ns of the monotonic clock), and how many edges it answers at once.
/// </summary>
internal readonly record struct TriggerStamp(long EdgeNs, int Edges)
{
    public bool IsEdge => Edges > 0;
}

/// <summary>
/// Brings edges and frames together: each accepted edge is answered by the first frame captured at or after it. One gate a camera; one
/// thread puts edges in, another asks with frames. Edges closer than the minimum gap to the last accepted one are counted, not accepted;
/// edges that find no frame for <see cref="CaptureLimits.TriggerMaxAgeMs"/>, or no room, are counted as missed. Nothing queues without end.
/// </summary>
internal sealed class TriggerGate
{
    private readonly Lock gate = new();
    private readonly long[] pending = new long[CaptureLimits.PendingEdges];
    private readonly long minGapNs;
    private readonly Action<long> wantFrom;
    private int first,
        count;
    private long lastNs = long.MinValue / 2;
    private long accepted,
        tooSoon,
        missed,
        answered;

    /// <param name="minGapMs">Edges that follow sooner than this on an accepted one are not accepted.</param>
    /// <param name="wantFrom">Called under the gate's lock with the time from which frames are needed (ns); <see cref="long.MaxValue"/>
    /// when no edge waits. Must not call back.</param>
    public TriggerGate(int minGapMs, Action<long> wantFrom)
    {
        minGapNs = minGapMs * 1_000_000L;
        this.wantFrom = wantFrom;
        wantFrom(long.MaxValue);
    }

    /// <summary>Counts since the start: accepted, too soon after another, never answered, and frames that answered.</summary>
    public (long Accepted, long TooSoon, long Missed, long Answered) Stats
    {
        get
        {
            lock (gate)
                return (accepted, tooSoon, missed, answered);
        }
    }

    /// <summary>An edge waits for its frame.</summary>
    public bool IsWaiting
    {
        get
        {
            lock (gate)
                return count > 0;
        }
    }

    /// <summary>An edge at this time; false when it came too soon after the last accepted one.</summary>
    public bool Accept(long edgeNs)
    {
        lock (gate)
        {
            if (edgeNs - lastNs < minGapNs)
            {
                tooSoon++;
                return false;
            }

            lastNs = edgeNs;
            accepted++;
            if (count == pending.Length)
                Miss();
            pending[(first + count++) % pending.Length] = edgeNs;
            wantFrom(pending[first]);
            return true;
        }
    }

    /// <summary>
    /// A frame captured at this time. True when it is the first at or after one or more edges; the stamp then names the earliest of them.
    /// </summary>
    public bool TryAnswer(long capturedNs, out TriggerStamp stamp)
    {
        stamp = default;
        lock (gate)
        {
            while (count > 0 && capturedNs - pending[first] > CaptureLimits.TriggerMaxAgeMs * 1_000_000L)
                Miss();
            var edges = 0;
            while (edges < count && pending[(first + edges) % pending.Length] <= capturedNs)
                edges++;
            if (edges > 0)
            {
                stamp = new TriggerStamp(pending[first], edges);
                answered++;
                (first, count) = ((first + edges) % pending.Length, count - edges);
            }

            wantFrom(count > 0 ? pending[first] : long.MaxValue);
            return edges > 0;
        }
    }

    private void Miss()
    {
        missed++;
        first = (first + 1) % pending.Length;
        count--;
    }
}
