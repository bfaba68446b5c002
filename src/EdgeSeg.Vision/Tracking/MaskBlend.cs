using EdgeSeg.Vision.Models;

namespace EdgeSeg.Vision.Tracking;

/// <summary>
/// The masks that the model gave for one prompt or two, as one map of logits: each counts by its score and by its agreement with the moved
/// mask.
/// </summary>
internal sealed class MaskBlend
{
    private const float AgreementWeight = 2,
        Temperature = 8,
        ModelLimit = 6;

    private readonly Decoding decoding;
    private readonly float[] logits,
        earlier;
    private readonly double[] weights;

    /// <param name="decoding">Its last run is read.</param>
    /// <param name="logits">Gets the result; of the size of the model's masks.</param>
    public MaskBlend(Decoding decoding, float[] logits)
    {
        (this.decoding, this.logits) = (decoding, logits);
        earlier = new float[logits.Length];
        weights = new double[decoding.Count];
    }

    /// <summary>Adds the masks of a second prompt to those of the first. False when a value is not a number.</summary>
    public bool TryJoin(ReadOnlySpan<float> moved, ref Look look, double score, double mass)
    {
        var one = look;
        logits.CopyTo(earlier, 0);
        look = default;
        if (!TryWeigh(moved, ref look, out var otherScore, out var otherMass))
            return false;
        var most = Math.Max(score, otherScore);
        mass *= Math.Exp(Temperature * (score - most));
        otherMass *= Math.Exp(Temperature * (otherScore - most));
        var share = (float)(mass / (mass + otherMass));
        for (var i = 0; i < logits.Length; i++)
            logits[i] += share * (earlier[i] - logits[i]);
        look = (score > otherScore ? one : look) with { Agreement = Math.Max(one.Agreement, look.Agreement) };
        return true;
    }

    /// <summary>
    /// The mean of the model's masks, each weighted by its score and its agreement with the moved mask. False when a value is not a number.
    /// </summary>
    /// <param name="moved">The moved mask, above 0.</param>
    /// <param name="look">Agreement and the scores of the mask that counts most.</param>
    /// <param name="best">The greatest score.</param>
    /// <param name="mass">The sum of the weights, that of the greatest score being 1.</param>
    public bool TryWeigh(ReadOnlySpan<float> moved, ref Look look, out double best, out double mass)
    {
        mass = 0;
        best = double.NegativeInfinity;
        for (var k = 0; k < decoding.Count; k++)
        {
            int sure = 0,
                likely = 0,
                both = 0,
                either = 0;
            var values = decoding.Logits(k);
            for (var i = 0; i < values.Length; i++)
            {
                var value = values[i];
                if (!float.IsFinite(value))
                    return false;
                if (value > 1)
                    sure++;
                if (value > -1)
                    likely++;
                bool a = value > 0,
                    b = moved[i] > 0;
                if (a && b)
                    both++;
                if (a || b)
                    either++;
            }

            var agreement = (float)both / either;
            float predicted = Math.Clamp(decoding.PredictedIou[k], 0, 1),
                stability = (float)sure / Math.Max(1, likely);
            if (float.IsNaN(predicted))
                return false;
            weights[k] = predicted * stability + AgreementWeight * agreement;
            var most = Math.Max(look.Agreement, agreement);
            look = weights[k] > best ? new Look(0, most, predicted, stability, 0) : look with { Agreement = most };
            best = Math.Max(best, weights[k]);
        }

        for (var k = 0; k < weights.Length; k++)
            mass += weights[k] = Math.Exp(Temperature * (weights[k] - best));
        Array.Clear(logits);
        for (var k = 0; k < weights.Length; k++)
        {
            var share = (float)(weights[k] / mass);
            var values = decoding.Logits(k);
            for (var i = 0; i < logits.Length; i++)
                logits[i] += share * Math.Clamp(values[i], -ModelLimit, ModelLimit);
        }

        return true;
    }
}
