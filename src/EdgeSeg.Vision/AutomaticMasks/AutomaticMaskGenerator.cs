using System.Buffers;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.AutomaticMasks;

/// <summary>
/// Automatic masks: asks the model at the cell centres of a grid, keeps the best mask of each answer (or all of them) if predicted IoU and
/// stability are high enough, removes its small regions, and drops duplicates. Decodes run in parallel (<see
/// cref="ISegmenter.ParallelDecodes"/>), each with memory of its own. A kept mask is a few KB (bits in the size of the logits, for the
/// comparison with other masks, and run lengths in the size of the frame), so memory does not grow with the frame. The order of the result
/// does not depend on threads: highest predicted IoU x stability first.
/// </summary>
internal sealed class AutomaticMaskGenerator : IDisposable
{
    private readonly ISegmenter segmenter;
    private readonly AutomaticMaskOptions options;
    private readonly DecodeWorker[] workers;
    private Embedding? embedding;
    private List<Candidate>?[] found = [];
    private int next = -1;

    public AutomaticMaskGenerator(ISegmenter segmenter, AutomaticMaskOptions options)
    {
        options.Check();
        (this.segmenter, this.options) = (segmenter, options);
        workers = [.. Enumerable.Range(0, segmenter.ParallelDecodes).Select(_ => new DecodeWorker(segmenter.CreateDecoding(), options))];
    }

    /// <summary>Masks that passed the thresholds in the last run, before duplicates were dropped.</summary>
    public int Candidates { get; private set; }

    /// <summary>Milliseconds that the encoder took in the last run; NaN when the picture was encoded before.</summary>
    public double EmbedMs { get; private set; }

    /// <summary>Points that the model was asked about since <see cref="Begin"/>.</summary>
    public int PointsDone => Math.Min(next + 1, found.Length);

    /// <param name="picture">An encoded picture.</param>
    /// <param name="cancel">Checked before each decode.</param>
    public IReadOnlyList<AutomaticMask> Run(Embedding picture, CancellationToken cancel = default)
    {
        Begin(picture);
        Advance(() => cancel.IsCancellationRequested);
        cancel.ThrowIfCancellationRequested();
        return Finish();
    }

    /// <summary>Starts with a picture, which must stay valid until <see cref="Finish"/>; the masks of the last one are forgotten.</summary>
    public void Begin(Embedding picture)
    {
        embedding = picture;
        var times = StageTimes.None;
        segmenter.EnsureEncoded(embedding, ref times);
        EmbedMs = times[Stage.Embed];
        found = new List<Candidate>?[options.PointsPerSide * options.PointsPerSide];
        next = -1;
    }

    /// <summary>
    /// Asks about further points until none is left (true) or <paramref name="pause"/> returns true. It is called before each decode, on
    /// several threads.
    /// </summary>
    public bool Advance(Func<bool> pause)
    {
        if (workers.Length == 1)
            Work(workers[0]);
        else
            Parallel.ForEach(workers, new ParallelOptions { MaxDegreeOfParallelism = workers.Length }, Work);
        return PointsDone == found.Length;

        void Work(DecodeWorker worker)
        {
            int at;
            while (PointsDone < found.Length && !pause() && (at = Interlocked.Increment(ref next)) < found.Length)
            {
                var point = new Click(
                    (at % options.PointsPerSide + 0.5f) / options.PointsPerSide * embedding!.FrameWidth,
                    (at / options.PointsPerSide + 0.5f) / options.PointsPerSide * embedding.FrameHeight
                );
                found[at] = worker.Ask(embedding, point);
            }
        }
    }

    /// <summary>
    /// The masks found so far, by greedy suppression: highest predicted IoU x stability first, without those that overlap a kept one.
    /// </summary>
    public IReadOnlyList<AutomaticMask> Finish()
    {
        var candidates = found
            .SelectMany(c => c ?? [])
            .OrderByDescending(c => c.Mask.PredictedIou * c.Mask.Stability)
            .ThenByDescending(c => c.Mask.PredictedIou)
            .ToList();
        Candidates = candidates.Count;
        var kept = new List<Candidate>();
        foreach (var one in candidates)
        {
            if (!kept.Exists(k => k.Overlap(one) > options.NmsThreshold))
                kept.Add(one);
        }

        return kept.ConvertAll(k => k.Mask);
    }

    public void Dispose()
    {
        foreach (var worker in workers)
            worker.Dispose();
    }

    /// <summary>A mask that passed the thresholds, with its bits in the size of the logits.</summary>
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

    /// <summary>The memory of one thread.</summary>
    private sealed class DecodeWorker(Decoding decoding, AutomaticMaskOptions options) : IDisposable
    {
        private readonly float[] logits = new float[decoding.Width * decoding.Height];
        private readonly PromptBuffer prompt = new() { Source = PromptSource.Everything };
        private readonly SmallRegions regions = new(decoding.Width, decoding.Height);
        private readonly BinaryMask mask = new();
        private readonly RunLength runLength = new();
        private readonly ArrayBufferWriter<byte> counts = new(4096);

        /// <summary>The masks of the answer that pass the thresholds; null: none.</summary>
        public List<Candidate>? Ask(Embedding embedding, Click point)
        {
            prompt.Clear();
            prompt.Add(point);
            decoding.Run(embedding, prompt);
            List<Candidate>? passed = null;
            if (!options.Multimask)
                Add(decoding.MostConfident());
            else
                for (var i = 0; i < decoding.Count; i++)
                    Add(i);
            return passed;

            void Add(int index)
            {
                if (Candidate(embedding, point, index) is { } one)
                    (passed ??= []).Add(one);
            }
        }

        /// <summary>Null when the mask does not pass.</summary>
        private Candidate? Candidate(Embedding embedding, Click point, int index)
        {
            var predicted = decoding.PredictedIou[index];
            // negated, so that NaN goes too
            if (!(predicted > options.PredictedIouThreshold))
                return null;
            var stability = Stability(decoding.Logits(index), options.StabilityScoreOffset);
            if (!(stability > options.StabilityScoreThreshold))
                return null;
            decoding.Logits(index).CopyTo(logits);
            var cellPx = (double)embedding.FrameWidth * embedding.FrameHeight / logits.Length;
            var leastPx = options.LeastRegion(cellPx);
            regions.Remove(logits, leastPx / cellPx);
            if (!LogitsToMask.Enlarge(logits, decoding.Width, decoding.Height, mask, embedding.FrameWidth, embedding.FrameHeight))
                return null;
            var geometry = mask.Measure();
            counts.ResetWrittenCount();
            if (geometry.Area == 0 || geometry.Area < leastPx || !runLength.TryEncode(mask, counts, options.MaxMaskBytes))
                return null;
            var found = new AutomaticMask(point, Math.Clamp(predicted, 0, 1), stability, geometry, counts.WrittenSpan.ToArray());
            var bits = new BinaryMask();
            LogitsToMask.Enlarge(logits, decoding.Width, decoding.Height, bits, decoding.Width, decoding.Height);
            return new Candidate(found, bits, bits.Measure());
        }

        /// <summary>
        /// IoU of the masks at the threshold moved up and down: the upper one lies inside the lower one, so counting pixels is enough.
        /// </summary>
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
