using System.Globalization;
using EdgeSeg.Updates;

namespace EdgeSeg.Telemetry;

/// <summary>What the automatic results of the model in use are like, over the last <see cref="TelemetryLimits.LiveWindow"/>. Counted by the inference thread, read by any.</summary>
internal sealed class LiveQuality
{
    private readonly Lock gate = new();
    private readonly (bool Found, float PredictedIou, float Area)[] window = new (bool, float, float)[TelemetryLimits.LiveWindow];
    private long counted;

    /// <param name="found">Whether the model found something, before any minimum of the settings.</param>
    /// <param name="predictedIou">0..1.</param>
    /// <param name="area">Mask area as a share of the picture.</param>
    public void Count(bool found, float predictedIou, double area)
    {
        lock (gate)
            window[counted++ % window.Length] = (found, predictedIou, (float)area);
    }

    /// <summary>Another model serves: begins anew.</summary>
    public void Reset()
    {
        lock (gate)
            counted = 0;
    }

    /// <summary><see cref="LiveStats.Results"/> counts all since <see cref="Reset"/>; the means are those of the window.</summary>
    public LiveStats Figures
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

    /// <summary>In what a model does worse than the former one beyond the signed margins, as a sentence; null: in nothing.</summary>
    public static string? Worse(LiveStats former, LiveStats now, LiveTerms terms)
    {
        // too few results of the former model are no measure
        if (former.Results < Math.Min(terms.Frames, TelemetryLimits.LiveWindow))
            return null;
        if (now.FoundRate < former.FoundRate - terms.FoundRateDrop)
            return string.Create(
                CultureInfo.InvariantCulture,
                $"it finds something in {now.FoundRate:P0} of the frames, the former model did in {former.FoundRate:P0}"
            );
        if (now.FoundRate == 0 || former.FoundRate == 0)
            return null;
        if (now.PredictedIou < former.PredictedIou - terms.PredictedIouDrop)
            return string.Create(
                CultureInfo.InvariantCulture,
                $"its mean predicted IoU is {now.PredictedIou:0.00}, the former model's was {former.PredictedIou:0.00}"
            );
        var factor = now.Area / former.Area;
        return factor > terms.AreaFactor || factor < 1 / terms.AreaFactor
            ? string.Create(CultureInfo.InvariantCulture, $"its masks are {factor:0.00} times as large as the former model's")
            : null;
    }
}
