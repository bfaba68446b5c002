using System.Buffers;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.AutomaticMasks;

/// <summary>What "everything" keeps. The defaults are those of EfficientSAM's own example.</summary>
internal sealed record AutomaticMaskOptions
{
    /// <summary>Points on each side of the grid.</summary>
    public int Grid { get; init; } = 32;

    public float MinPredictedIou { get; init; } = 0.7f;

    /// <summary>0..1: the part of a mask's pixels that stays when the threshold moves up and down by <see cref="StabilityOffset"/> logits.</summary>
    public float MinStability { get; init; } = 0.9f;

    public float StabilityOffset { get; init; } = 1;

    /// <summary>Pixels of the frame: smaller islands go, smaller holes are filled.</summary>
    public double MinRegionPx { get; init; } = 100;

    /// <summary>Of two masks with a greater IoU, the one that the model thinks less of goes.</summary>
    public float MaxOverlap { get; init; } = 0.7f;

    /// <summary>A mask whose run lengths take more bytes is noise and is left out: no message could carry it.</summary>
    public int MaxMaskBytes { get; init; } = VisionLimits.MaxCountsBytes;
}

/// <summary>One thing of a picture: the grid point that found it, and its mask as COCO run lengths of the frame's size.</summary>
internal sealed record AutomaticMask(Click Point, float PredictedIou, float Stability, MaskGeometry Geometry, byte[] Counts);

/// <summary>
/// Segments everything: asks the model at the cell centres of a grid, keeps the best of each answer if the model is sure of it and it is stable, mends it,
/// and drops doubles. Decodes run side by side (<see cref="ISegmenter.ParallelDecodes"/>), one picture's memory each; a kept mask is a few KB (bits in the size of the
/// logits, by which doubles are found, and run lengths in the frame's), so memory does not grow with the frame. The order of the result does not depend
/// on threads: surest first.
/// </summary>
internal sealed class AutomaticMaskGenerator : IDisposable
{
    private readonly ISegmenter segmenter;
    private readonly AutomaticMaskOptions options;
    private readonly DecodeWorker[] workers;
    private Embedding? embedding;
    private Candidate?[] found = [];
    private int next = -1;

    public AutomaticMaskGenerator(ISegmenter segmenter, AutomaticMaskOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Grid, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Grid, VisionLimits.MaxEverythingGrid, nameof(options));
        (this.segmenter, this.options) = (segmenter, options);
        workers = [.. Enumerable.Range(0, segmenter.ParallelDecodes).Select(_ => new DecodeWorker(segmenter.CreateDecoding(), options))];
    }

    /// <summary>Candidates that passed the filters in the last run, before doubles were dropped.</summary>
    public int Candidates { get; private set; }

    /// <summary>Milliseconds that the encoder took in the last run; NaN when the picture was encoded before.</summary>
    public double EmbedMs { get; private set; }

    /// <summary>Points asked about since <see cref="Begin"/>.</summary>
    public int Asked => Math.Min(next + 1, found.Length);

    /// <param name="picture">An encoded picture.</param>
    /// <param name="cancel">Looked at before each decode.</param>
    public IReadOnlyList<AutomaticMask> Run(Embedding picture, CancellationToken cancel = default)
    {
        Begin(picture);
        Advance(() => cancel.IsCancellationRequested);
        cancel.ThrowIfCancellationRequested();
        return Finish();
    }

    /// <summary>A new picture; what was found in the last one is forgotten. It is valid until <see cref="Finish"/>.</summary>
    public void Begin(Embedding picture)
    {
        embedding = picture;
        var times = StageTimes.None;
        segmenter.EnsureEncoded(embedding, ref times);
        EmbedMs = times[Stage.Embed];
        found = new Candidate?[options.Grid * options.Grid];
        next = -1;
    }

    /// <summary>Goes on asking, until every point was asked about (true) or <paramref name="pause"/> says so, which is looked at before each decode, on several threads.</summary>
    public bool Advance(Func<bool> pause)
    {
        if (workers.Length == 1)
            Work(workers[0]);
        else
            Parallel.ForEach(workers, new ParallelOptions { MaxDegreeOfParallelism = workers.Length }, Work);
        return Asked == found.Length;

        void Work(DecodeWorker worker)
        {
            int at;
            while (Asked < found.Length && !pause() && (at = Interlocked.Increment(ref next)) < found.Length)
            {
                var point = new Click(
                    (at % options.Grid + 0.5f) / options.Grid * embedding!.FrameWidth,
                    (at / options.Grid + 0.5f) / options.Grid * embedding.FrameHeight
                );
                found[at] = worker.Ask(embedding, point);
            }
        }
    }

    /// <summary>What was found so far. Greedy: the surest first, and none that overlaps one that is kept.</summary>
    public IReadOnlyList<AutomaticMask> Finish()
    {
        var sure = found.OfType<Candidate>().OrderByDescending(c => c.Mask.PredictedIou).ThenByDescending(c => c.Mask.Stability).ToList();
        Candidates = sure.Count;
        var kept = new List<Candidate>();
        foreach (var one in sure)
        {
            if (!kept.Exists(k => k.Overlap(one) > options.MaxOverlap))
                kept.Add(one);
        }

        return kept.ConvertAll(k => k.Mask);
    }

    public void Dispose()
    {
        foreach (var worker in workers)
            worker.Dispose();
    }

    /// <summary>A mask that passed, with its bits in the size of the logits.</summary>
    private sealed record Candidate(AutomaticMask Mask, BinaryMask Bits, MaskGeometry Extent)
    {
        public double Overlap(Candidate other)
        {
            var apart =
                Extent.Left >= other.Extent.Left + other.Extent.Width
                || other.Extent.Left >= Extent.Left + Extent.Width
                || Extent.Top >= other.Extent.Top + other.Extent.Height
                || other.Extent.Top >= Extent.Top + Extent.Height;
            return apart ? 0 : BinaryMask.Iou(Bits, other.Bits);
        }
    }

    /// <summary>What one thread needs.</summary>
    private sealed class DecodeWorker(Decoding decoding, AutomaticMaskOptions options) : IDisposable
    {
        private readonly float[] logits = new float[decoding.Width * decoding.Height];
        private readonly PromptBuffer prompt = new() { Source = PromptSource.Everything };
        private readonly SmallRegions regions = new(decoding.Width, decoding.Height);
        private readonly BinaryMask mask = new();
        private readonly RunLength runLength = new();
        private readonly ArrayBufferWriter<byte> counts = new(4096);

        /// <summary>Null when the answer is not worth keeping.</summary>
        public Candidate? Ask(Embedding embedding, Click point)
        {
            prompt.Clear();
            prompt.Add(point);
            decoding.Run(embedding, prompt);
            var best = decoding.Best();
            var predicted = decoding.PredictedIou[best];
            // negated, so that NaN goes too
            if (!(predicted > options.MinPredictedIou))
                return null;
            var stability = Stability(decoding.Logits(best), options.StabilityOffset);
            if (!(stability > options.MinStability))
                return null;
            decoding.Logits(best).CopyTo(logits);
            var cellPx = (double)embedding.FrameWidth * embedding.FrameHeight / logits.Length;
            regions.Mend(logits, options.MinRegionPx / cellPx);
            if (!LogitsToMask.Enlarge(logits, decoding.Width, decoding.Height, mask, embedding.FrameWidth, embedding.FrameHeight))
                return null;
            var geometry = mask.Measure();
            counts.ResetWrittenCount();
            if (geometry.Area == 0 || !runLength.TryEncode(mask, counts, options.MaxMaskBytes))
                return null;
            var found = new AutomaticMask(point, Math.Clamp(predicted, 0, 1), stability, geometry, counts.WrittenSpan.ToArray());
            var bits = new BinaryMask();
            LogitsToMask.Enlarge(logits, decoding.Width, decoding.Height, bits, decoding.Width, decoding.Height);
            return new Candidate(found, bits, bits.Measure());
        }

        /// <summary>IoU of the masks at the threshold moved up and down: the upper one lies inside the lower one, so counting is enough.</summary>
        private static float Stability(ReadOnlySpan<float> logits, float offset)
        {
            int above = 0,
                below = 0;
            foreach (var value in logits)
            {
                above += value > offset ? 1 : 0;
                below += value > -offset ? 1 : 0;
            }

            return below == 0 ? 0 : (float)above / below;
        }

        public void Dispose()
        {
            regions.Dispose();
            decoding.Dispose();
        }
    }
}
