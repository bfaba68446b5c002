using System.Globalization;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Updates;

/// <summary>Compares the live results of a model on trial with those of the former model.</summary>
internal static class LiveComparison
{
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
