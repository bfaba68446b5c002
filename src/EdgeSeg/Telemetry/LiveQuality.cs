namespace EdgeSeg.Telemetry;

/// <summary>
/// Statistics of the last <see cref="TelemetryLimits.LiveWindow"/> automatic results of the active model. Counted by the inference thread,
/// read by any.
/// </summary>
internal sealed class LiveQuality
{
    private readonly Lock gate = new();
    private readonly (bool Found, float PredictedIou, float Area)[] window = new (bool, float, float)[TelemetryLimits.LiveWindow];
    private long counted;

    /// <param name="found">Whether the model found an object, before the minimums of the settings.</param>
    /// <param name="predictedIou">0..1.</param>
    /// <param name="area">Mask area as a share of the picture.</param>
    public void Count(bool found, float predictedIou, double area)
    {
        lock (gate)
            window[counted++ % window.Length] = (found, predictedIou, (float)area);
    }

    /// <summary>Another model is active: start from zero.</summary>
    public void Reset()
    {
        lock (gate)
            counted = 0;
    }

    /// <summary><see cref="LiveStats.Results"/> counts all since <see cref="Reset"/>; the means are those of the window.</summary>
    public LiveStats Stats
    {
        get
        {
            lock (gate)
            {
                var held = window.AsSpan(0, (int)Math.Min(counted, window.Length));
                int found = 0;
                double iou = 0,
                    area = 0;
                foreach (var one in held)
                {
                    if (!one.Found)
                        continue;
                    found++;
                    iou += one.PredictedIou;
                    area += one.Area;
                }

                return new LiveStats(
                    (int)Math.Min(counted, int.MaxValue),
                    held.Length == 0 ? 0 : (double)found / held.Length,
                    found == 0 ? 0 : iou / found,
                    found == 0 ? 0 : area / found
                );
            }
        }
    }
}
