using System.Buffers;
using System.Globalization;
using System.Text;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Release;

/// <summary>
/// Makes the cases of a canary: each photograph segmented automatically, and with one click on the result. A device may run any precision
/// of the bundle, so a case is kept only when all precisions agree on it, with a margin to the lowest IoU for differences between
/// processors.
/// </summary>
internal sealed class CanaryMaker(string folder, double minIou, Action<int, int> progress)
{
    private readonly List<(string Photo, CanaryCase Case, BinaryMask Expected)> cases = [];
    private readonly List<string> dropped = [];
    private readonly double least = (1 + minIou) / 2;

    public IReadOnlyList<CanaryCase> Cases => [.. cases.Select(c => c.Case)];

    /// <summary>Cases that were omitted, a sentence each.</summary>
    public IReadOnlyList<string> Dropped => dropped;

    /// <summary>Lowest IoU of any precision with the expected masks.</summary>
    public double Agreement { get; private set; } = 1;

    /// <param name="photos">Each photograph with the name that it has in the bundle.</param>
    /// <param name="precisions">Those of the bundle; the first makes the expected masks.</param>
    public void Run(IReadOnlyList<(string Path, string Name)> photos, IReadOnlyList<string> precisions)
    {
        var done = 0;
        var total = photos.Count * precisions.Count;
        foreach (var precision in precisions)
        {
            using var model = LoadedModel.Load(folder, precision);
            using var embedding = model.Segmenter.CreateEmbedding();
            var reader = new PhotoReader();
            foreach (var (path, name) in photos)
            {
                using var picture = reader.Read(path);
                var times = StageTimes.None;
                model.Segmenter.Encode(picture, embedding, ref times);
                if (precision == precisions[0])
                    Expect(model.Segmenter, embedding, path, name);
                else
                    Compare(model.Segmenter, embedding, path, name, precision);
                progress(++done, total);
            }
        }

        if (cases.Count == 0)
            throw new OperatingException(
                $"no photograph makes a case ({string.Join("; ", dropped)}): name photographs with "
                    + "one clear object with --images, or lower --min-iou"
            );
    }

    private void Expect(ISegmenter segmenter, Embedding embedding, string path, string name)
    {
        var result = Ask(segmenter, embedding, []);
        if (!result.Found)
        {
            dropped.Add($"{path}: the model finds nothing in it ({result.Reason})");
            return;
        }

        Keep(path, name, [], result.Mask);
        var click = Inside(result.Mask, result.Geometry);
        result = Ask(segmenter, embedding, [click]);
        if (result.Found)
            Keep(path, name, [click], result.Mask);
        else
            dropped.Add($"{path}: a click on what was found finds nothing ({result.Reason})");
    }

    private void Keep(string path, string name, float[][] clicks, BinaryMask mask)
    {
        var counts = new ArrayBufferWriter<byte>();
        if (!new RunLength().TryEncode(mask, counts))
        {
            dropped.Add($"{path}: its mask is too ragged to be kept");
            return;
        }

        var expected = new BinaryMask();
        expected.CopyFrom(mask);
        cases.Add(
            (
                path,
                new CanaryCase
                {
                    Image = name,
                    Clicks = clicks,
                    Size = [mask.Height, mask.Width],
                    Counts = Encoding.ASCII.GetString(counts.WrittenSpan),
                },
                expected
            )
        );
    }

    private void Compare(ISegmenter segmenter, Embedding embedding, string path, string name, string precision)
    {
        foreach (var kept in cases.Where(c => c.Case.Image == name).ToList())
        {
            var iou = BinaryMask.Iou(Ask(segmenter, embedding, kept.Case.Clicks).Mask, kept.Expected);
            if (iou >= least)
            {
                Agreement = Math.Min(Agreement, iou);
                continue;
            }

            cases.Remove(kept);
            dropped.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path}, {(kept.Case.Clicks.Count == 0 ? "automatic" : "click")}: {precision} "
                        + $"gives a mask of IoU {iou:0.000}, {least:0.000} is wanted"
                )
            );
        }
    }

    private static Segmentation Ask(ISegmenter segmenter, Embedding embedding, IReadOnlyList<float[]> clicks)
    {
        var result = new Segmentation { Times = StageTimes.None };
        if (clicks.Count == 0)
        {
            segmenter.Auto(embedding, result);
            return result;
        }

        result.Prompt.Source = PromptSource.Click;
        foreach (var click in clicks)
            result.Prompt.Add(new Click(click[0], click[1]));
        segmenter.Decode(embedding, result);
        return result;
    }

    /// <summary>
    /// The mask's centre of mass, or the pixel of the mask that is nearest to it: the centre of a ring lies outside of it.
    /// </summary>
    internal static float[] Inside(BinaryMask mask, in MaskGeometry geometry)
    {
        var (centreX, centreY) = ((int)geometry.CentroidX, (int)geometry.CentroidY);
        var (bestX, bestY, best) = (centreX, centreY, mask[centreX, centreY] ? 0L : long.MaxValue);
        for (var y = 0; y < mask.Height && best > 0; y++)
        {
            for (var x = 0; x < mask.Width; x++)
            {
                var distance = (long)(x - centreX) * (x - centreX) + (long)(y - centreY) * (y - centreY);
                if (distance < best && mask[x, y])
                    (bestX, bestY, best) = (x, y, distance);
            }
        }

        return [bestX + 0.5f, bestY + 0.5f];
    }
}
