using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace EdgeSeg.Vision.Models;

/// <summary>How the best of a prompt's masks is chosen.</summary>
internal enum RankBy
{
    /// <summary>The model's own estimate alone.</summary>
    PredictedIou,

    /// <summary>Predicted IoU x stability, the score of messages (docs/decisions/mask-ranking.md has the figures).</summary>
    Score,
}

/// <summary>
/// What the masks of one prompt look like at the size of the logits: the pixels above 0 as bits, and the stability of each mask. All memory
/// is kept.
/// </summary>
internal sealed class MaskRanking(int masks, int cells)
{
    /// <summary>Logits by which the threshold moves up and down, as in SAM's automatic mask generator.</summary>
    public const float StabilityOffset = 1;

    private readonly int wordsPerMask = (cells + 63) >> 6;
    private readonly ulong[] bits = new ulong[masks * ((cells + 63) >> 6)];
    private readonly float[] stability = new float[masks];

    /// <summary>
    /// 0..1: the part of a mask's pixels that stays when the threshold moves up and down by <see cref="StabilityOffset"/>; 0 for an empty
    /// mask.
    /// </summary>
    public float Stability(int mask) => stability[mask];

    /// <summary>Takes the logits of a mask.</summary>
    public void Load(int mask, ReadOnlySpan<float> logits)
    {
        int above = 0,
            below = 0;
        var to = bits.AsSpan(mask * wordsPerMask, wordsPerMask);
        Vector128<float> zero = default,
            up = Vector128.Create(StabilityOffset),
            down = Vector128.Create(-StabilityOffset);
        for (var word = 0; word < to.Length; word++)
        {
            var part = logits[(word << 6)..Math.Min((word + 1) << 6, logits.Length)];
            var vectors = MemoryMarshal.Cast<float, Vector128<float>>(part);
            ulong positive = 0;
            for (var i = 0; i < vectors.Length; i++)
            {
                positive |= (ulong)Vector128.GreaterThan(vectors[i], zero).ExtractMostSignificantBits() << (4 * i);
                above += BitOperations.PopCount(Vector128.GreaterThan(vectors[i], up).ExtractMostSignificantBits());
                below += BitOperations.PopCount(Vector128.GreaterThan(vectors[i], down).ExtractMostSignificantBits());
            }

            for (var i = vectors.Length * Vector128<float>.Count; i < part.Length; i++)
            {
                if (part[i] > 0)
                    positive |= 1UL << i;
                above += part[i] > StabilityOffset ? 1 : 0;
                below += part[i] > -StabilityOffset ? 1 : 0;
            }

            to[word] = positive;
        }

        // the mask at the raised threshold lies inside the one at the lowered threshold, so that the ratio of the areas is their IoU
        stability[mask] = below == 0 ? 0 : (float)above / below;
    }

    /// <summary>IoU of a mask with a region given as bits, one a logit, row-major; 0 when both are empty.</summary>
    public float Iou(int mask, ReadOnlySpan<ulong> region)
    {
        int both = 0,
            either = 0;
        var own = bits.AsSpan(mask * wordsPerMask, wordsPerMask);
        for (var i = 0; i < own.Length; i++)
        {
            both += BitOperations.PopCount(own[i] & region[i]);
            either += BitOperations.PopCount(own[i] | region[i]);
        }

        return either == 0 ? 0 : (float)both / either;
    }
}
