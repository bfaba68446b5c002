namespace EdgeSeg.Service;

/// <summary>
/// The heartbeats of the stages: a stage without a beat for longer than its limit is stuck. Any
/// thread.
/// </summary>
internal sealed class Heartbeats(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly List<Heartbeat> all = [];

    /// <summary>Starts watching a stage; its first beat is now.</summary>
    /// <param name="stage">Its name, for messages.</param>
    /// <param name="limit">Longest time of one of its rounds.</param>
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

    /// <summary>The first stage that is stuck, and for how long; null while none is.</summary>
    public (string Stage, TimeSpan Silence)? Stuck()
    {
        lock (gate)
        {
            foreach (var heartbeat in all)
                if (heartbeat.Silence is var silence && silence > heartbeat.Limit)
                    return (heartbeat.Stage, silence);
            return null;
        }
    }
}

/// <summary>One stage's heartbeat.</summary>
internal sealed class Heartbeat
{
    private readonly TimeProvider time;
    private long last;

    internal Heartbeat(string stage, TimeSpan limit, TimeProvider time)
    {
        (Stage, Limit, this.time) = (stage, limit, time);
        Beat();
    }

    public string Stage { get; }

    public TimeSpan Limit { get; }

    /// <summary>The stage is alive. Costs a clock reading and a store, so that it may be called for every frame.</summary>
    public void Beat() => Volatile.Write(ref last, time.GetTimestamp());

    /// <summary>Time since the last beat.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref last));
}
