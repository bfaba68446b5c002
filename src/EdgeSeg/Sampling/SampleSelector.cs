using EdgeSeg.Configuration;

namespace EdgeSeg.Sampling;

/// <summary>Decides which frames are worth labelling. Times are of the monotonic clock. One thread.</summary>
internal sealed class SampleSelector(SampleSettings settings, TimeProvider time)
{
    private readonly Dictionary<string, Last> cameras = new(StringComparer.Ordinal);

    private sealed class Last
    {
        /// <summary>The frame before showed an object.</summary>
        public bool HadObject { get; set; }

        /// <summary>When a frame was last kept for each reason; null: never.</summary>
        public long?[] KeptAt { get; } = new long?[Enum.GetValues<SampleReason>().Length];
    }

    /// <summary>The reason to keep a frame after its automatic mask; null: none.</summary>
    /// <param name="camera">Its id.</param>
    /// <param name="isUsable">False for a picture that shows nothing of now, for example a black one.</param>
    /// <param name="isFound">Whether something was found, after the minimums of the settings.</param>
    /// <param name="score">Before the minimums; 0: the model found nothing.</param>
    /// <param name="agreement">IoU of mask and salient region; NaN: not known.</param>
    public SampleReason? Choose(string camera, bool isUsable, bool isFound, float score, float agreement)
    {
        if (!cameras.TryGetValue(camera, out var last))
            cameras[camera] = last = new Last();
        var hadObject = last.HadObject;
        last.HadObject = isUsable && isFound;
        SampleReason? reason =
            !isUsable ? null
            : hadObject && !isFound ? SampleReason.Vanished
            : score > 0 && agreement < settings.LowAgreement ? SampleReason.Disagreement
            : score > 0 && score < settings.LowScore ? SampleReason.LowScore
            : null;
        return reason is { } kept && IsDue(last, kept) ? kept : null;
    }

    private bool IsDue(Last last, SampleReason reason)
    {
        var now = time.GetTimestamp();
        if (last.KeptAt[(int)reason] is { } at && time.GetElapsedTime(at, now).TotalSeconds < settings.MinGapS)
            return false;
        last.KeptAt[(int)reason] = now;
        return true;
    }
}
