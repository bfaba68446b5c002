using EdgeSeg.Pipeline;

namespace EdgeSeg.Service;

/// <summary>
/// Starts the cameras that replay files (<c>file:</c>, <c>images:</c>) so late that a subscriber can see their first masks: when one has
/// subscribed at the embedded broker, else after <see cref="ServiceLimits.ReplayGraceMs"/>. Live cameras do not wait. One control thread.
/// </summary>
/// <param name="pipeline">Its cameras.</param>
/// <param name="hasSubscriber">Whether a client of the embedded broker receives masks; null: there is no embedded broker.</param>
/// <param name="waits">Without a subscriber they never start (<c>--wait-for-subscriber</c>).</param>
/// <param name="time">The clock.</param>
internal sealed class ReplayStart(FramePipeline pipeline, Func<bool>? hasSubscriber, bool waits, TimeProvider time)
{
    private readonly long since = time.GetTimestamp();
    private bool started;

    public void StartWhenDue()
    {
        if (started || (!IsGraceOver && hasSubscriber?.Invoke() != true))
            return;
        started = true;
        pipeline.StartReplays();
    }

    private bool IsGraceOver => !waits && time.GetElapsedTime(since).TotalMilliseconds >= ServiceLimits.ReplayGraceMs;
}
