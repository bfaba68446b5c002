using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// Checks that a model computes, on this runtime, provider and processor, the mask that is in its bundle. The picture (a bright disc on a
/// grey gradient) is drawn by this class; one click is on the disc. Too low a precision and broken kernels are found at the start.
/// </summary>
internal static class SelfCheck
{
    /// <summary>Sides of the picture.</summary>
    public const int Side = 256;

    /// <summary>Least IoU with the bundle's mask.</summary>
    public const double MinIou = 0.98;

    /// <summary>The mask as the bundle keeps it: COCO run lengths.</summary>
    public static string Counts(BinaryMask mask)
    {
        var counts = new ArrayBufferWriter<byte>();
        if (!new RunLength().TryEncode(mask, counts))
            throw new OperatingException("the mask of the self-check's picture is noise: the graphs are damaged; copy them again");
        return Encoding.ASCII.GetString(counts.WrittenSpan);
    }

    /// <summary>IoU of the model's mask with the bundle's; 0 when the answer is not even finite.</summary>
    /// <param name="segmenter">The model.</param>
    /// <param name="golden">COCO run lengths.</param>
    /// <param name="second">True: another picture first, so that a provider that answers its first picture for ever is found.</param>
    /// <exception cref="OperatingException">The bundle's counts are damaged.</exception>
    public static double Iou(ISegmenter segmenter, string golden, bool second = false)
    {
        var expected = new BinaryMask();
        if (!new RunLength().TryDecode(golden, Side, Side, expected, out var problem))
            throw new OperatingException($"the golden mask of the bundle cannot be read ({problem}): copy the bundle again");
        if (second)
            Ask(segmenter, mirrored: true);
        var answer = Ask(segmenter);
        return answer.Reason == Segmentation.BadModelOutput ? 0 : BinaryMask.Iou(answer.Mask, expected);
    }

    /// <summary>Throws when the IoU is below <see cref="MinIou"/>.</summary>
    public static void Require(double iou, string provider)
    {
        // negated, so that NaN is refused as well
        if (!(iou >= MinIou))
            throw new OperatingException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"computes wrong numbers (its mask of the self-check's picture has an IoU of {iou:0.000} with the bundle's, "
                        + $"{MinIou:0.00} is required): {provider} cannot be used for this model"
                )
            );
    }

    /// <summary>The answer to the self-check's picture and click.</summary>
    public static Segmentation Ask(ISegmenter segmenter, bool mirrored = false)
    {
        using var picture = Picture();
        if (mirrored)
            Cv2.Flip(picture, picture, FlipMode.XY);
        using var embedding = segmenter.CreateEmbedding();
        var result = new Segmentation { Times = StageTimes.None };
        segmenter.Encode(picture, embedding, ref result.Times);
        result.Prompt.Source = PromptSource.Click;
        result.Prompt.Add(new Click(Side * 0.45f, Side * 0.55f));
        segmenter.EnsureEncoded(embedding, ref result.Times);
        // by the model's own estimate: the bundle's mask must not depend on how this program ranks masks
        using var decoding = segmenter.CreateDecoding();
        var since = Stopwatch.GetTimestamp();
        decoding.Run(embedding, result.Prompt);
        result.Times.Close(Stage.Decode, since);
        decoding.Finish(decoding.MostConfident(), new PixelWindow(0, 0, Side, Side), Side, Side, result);
        return result;
    }

    private static unsafe Mat Picture()
    {
        var picture = new Mat(Side, Side, MatType.CV_8UC3);
        for (var y = 0; y < Side; y++)
        {
            var row = (byte*)picture.Ptr(y);
            for (var x = 0; x < Side; x++)
            {
                int dx = x - 115,
                    dy = y - 140;
                var inside = dx * dx + dy * dy < 60 * 60;
                row[3 * x] = (byte)(inside ? 40 : 60 + y / 4);
                row[3 * x + 1] = (byte)(inside ? 180 : 70 + y / 4);
                row[3 * x + 2] = (byte)(inside ? 230 : 60 + x / 4);
            }
        }

        return picture;
    }
}
