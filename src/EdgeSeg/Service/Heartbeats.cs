namespace EdgeSeg.Service;

/// <summary>The heartbeats of the stages: each stage shows that it goes round, and one that has not for longer than its limit counts as stuck. Any thread.</summary>
internal sealed class Heartbeats(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly List<Heartbeat> all = [];

    /// <summary>A stage begins to be watched; its first beat is now.</summary>
    /// <param name="stage">Its name, for the sentence.</param>
    /// <param name="limit">Longest time that one round of it may take.</param>
    public Heartbeat Add(string stage, TimeSpan limit)
    {
        lock (gate)
        {
            if (all.Count == ServiceLimits.WatchedStages)
                throw new InvalidOperationException($"more than {ServiceLimits.WatchedStages} stages");
            var heartbeat = new Heartbeat(stage, limit, time);
            all.Add(heartbeat);
            return heartbeat;
        }
    }

    /// <summary>The first stage that is stuck, and for how long; null while all are alive.</summary>
    public (string Stage, TimeSpan Silence)? Stuck()
    {
        lock (gate)
        {
            foreach (var heartbeat in all)
                if (heartbeat.Silence is { } silence && silence > heartbeat.Limit)
                    return (heartbeat.Stage, silence);
            return null;
        }
    }
}

/// <summary>One stage's heartbeat.</summary>
internal sealed class Heartbeat
{
    private const long Resting = long.MinValue;

    private readonly TimeProvider time;
    private long last;

    internal Heartbeat(string stage, TimeSpan limit, TimeProvider time)
    {
        (Stage, Limit, this.time) = (stage, limit, time);
        Beat();
    }

    public string Stage { get; }

    public TimeSpan Limit { get; }

    /// <summary>The stage lives. Costs a clock reading and a store: to be called for every frame.</summary>
    public void Beat() => Volatile.Write(ref last, time.GetTimestamp());

    /// <summary>The stage waits for something of no certain time (an absent camera, say) and is not to be counted as stuck; the next beat ends it.</summary>
    public void Rest() => Volatile.Write(ref last, Resting);

    /// <summary>Time since the last beat; null while resting.</summary>
    public TimeSpan? Silence => Volatile.Read(ref last) is var stamp && stamp == Resting ? null : time.GetElapsedTime(stamp);
}
