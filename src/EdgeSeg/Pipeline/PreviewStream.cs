using EdgeSeg.Messages;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The preview of one camera while a client requests it: pictures at its rate until it expires. Belongs to the inference thread.
/// </summary>
internal sealed class PreviewStream
{
    private long untilNs,
        dueNs;

    public PreviewRequest Request { get; private set; } = new(false, 0, 0, 0, 0);

    public void Set(PreviewRequest request, long nowNs)
    {
        Request = request;
        (untilNs, dueNs) = request.On ? (nowNs + request.ForS * 1_000_000_000L, nowNs) : (0, 0);
    }

    /// <summary>When the next picture is due; <see cref="long.MaxValue"/>: no preview is requested.</summary>
    public long NextNs(long nowNs) => nowNs < untilNs ? dueNs : long.MaxValue;

    /// <summary>True when a picture is due; the next one is then due a period later.</summary>
    public bool TakeTurn(long nowNs)
    {
        if (NextNs(nowNs) > nowNs)
            return false;
        var periodNs = (long)(1e9 / Request.MaxFps);
        // a missed picture is not sent later
        dueNs = Math.Max(dueNs + periodNs, nowNs + periodNs / 2);
        return true;
    }
}
