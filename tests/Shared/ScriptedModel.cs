using System.Diagnostics.CodeAnalysis;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using OpenCvSharp;

namespace EdgeSeg.Testing;

/// <summary>
/// A model without a graph: finds a square around the first click or the box of the prompt, and takes its automatic click from the middle
/// of the picture. What it answers and what happens during a run is the test's to say.
/// </summary>
internal sealed class ScriptedModel(string version = "1", int inputSide = 64) : IInferenceModel
{
    public ISegmenter Segmenter => Script;

    public ScriptedSegmenter Script { get; } = new(inputSide);

    public ModelInfo Info { get; } = new("scripted", version, "00112233", "fp32");

    public BundleThresholds? Thresholds => null;

    public ModelDescription Description =>
        new(
            [new ModelRole("segmenter", Info, "CC0-1.0", GainsFromZoom: false, AcceptsNegativeClicks: false)],
            "scripted provider",
            [],
            "it is a script"
        );

    /// <summary>Calls of <see cref="SetCancelled"/>, in order.</summary>
    public List<bool> Cancellations { get; } = [];

    public bool IsDisposed { get; private set; }

    public void SetCancelled(bool cancelled)
    {
        Cancellations.Add(cancelled);
        Script.IsCancelled = cancelled;
    }

    public void Dispose()
    {
        IsDisposed = true;
        Segmenter.Dispose();
    }
}

/// <summary>See <see cref="ScriptedModel"/>.</summary>
internal sealed class ScriptedSegmenter(int inputSide) : ISegmenter
{
    /// <summary>Half of the side of each mask, in frame pixels.</summary>
    public int Half { get; set; } = 10;

    public float PredictedIou { get; set; } = 0.9f;

    /// <summary>Of the blob of an automatic click; 0: nothing is salient.</summary>
    public float MeanSaliency { get; set; } = 0.8f;

    /// <summary>Called at the beginning of each run of the model; may throw, wait or send a command.</summary>
    public Action OnRun { get; set; } = () => { };

    public volatile bool IsCancelled;

    public int Encoded { get; private set; }

    public int Runs;

    public int InputWidth { get; } = inputSide;

    public int InputHeight { get; } = inputSide;

    public int MaxPoints => 5;

    public int MaskCount => 1;

    public float SaliencyThreshold { get; set; } = 0.5f;

    public bool HasSaliency => true;

    public SalientRegion Salient { get; } = new(4, 4);

    public SaliencyFloor Floor { get; set; }

    public bool AcceptsNegativeClicks => false;

    public bool GainsFromZoom => false;

    public SaliencyMap Saliency { get; } = new(4, 4);

    public int ParallelDecodes => 1;

    public int EmbeddingsWorthKeeping => 1;

    public Embedding CreateEmbedding() => new ScriptedEmbedding();

    public Decoding CreateDecoding() => new ScriptedDecoding(this);

    public void Encode(Mat pixels, Embedding embedding, ref StageTimes times)
    {
        Encoded++;
        embedding.SetFrameSize(pixels.Cols, pixels.Rows);
    }

    public void EnsureEncoded(Embedding embedding, ref StageTimes times) { }

    public bool FindClicks(Embedding embedding, Segmentation result)
    {
        result.Prompt.Clear();
        result.Prompt.Source = PromptSource.Auto;
        result.Saliency = MeanSaliency > 0 ? MeanSaliency : float.NaN;
        result.Reason = MeanSaliency > 0 ? "" : Segmentation.NothingSalient;
        if (MeanSaliency > 0)
            result.Prompt.Add(new Click(embedding.FrameWidth / 2f, embedding.FrameHeight / 2f));
        else
            Begin();
        return MeanSaliency > 0;
    }

    public Decoding Ask(Embedding embedding, PromptBuffer prompt, ref StageTimes times) => throw new NotSupportedException();

    public void Decode(Embedding embedding, Segmentation result)
    {
        Begin();
        var box =
            result.Prompt.Box
            ?? new Box(
                result.Prompt.Clicks[0].X - Half,
                result.Prompt.Clicks[0].Y - Half,
                result.Prompt.Clicks[0].X + Half,
                result.Prompt.Clicks[0].Y + Half
            );
        result.Mask.Reset(embedding.FrameWidth, embedding.FrameHeight);
        var (from, to) = (Math.Max(0, (int)box.X0), Math.Min(embedding.FrameWidth, (int)box.X1));
        for (var y = Math.Max(0, (int)box.Y0); y < Math.Min(embedding.FrameHeight, (int)box.Y1); y++)
            result.Mask.SetRun(y, from, to);
        result.Geometry = result.Mask.Measure();
        result.Times[Stage.Decode] = 5;
        (result.Found, result.Reason, result.PredictedIou, result.Stability) = (true, "", PredictedIou, 1);
        if (result.Prompt.Source != PromptSource.Auto)
            result.Saliency = float.NaN;
        result.Score = float.IsNaN(result.Saliency) ? PredictedIou : PredictedIou * result.Saliency;
    }

    public bool TryEnlarge(int index, Embedding embedding, BinaryMask mask) => throw new NotSupportedException();

    public void Dispose() { }

    internal void Begin()
    {
        Interlocked.Increment(ref Runs);
        OnRun();
    }

    private sealed class ScriptedEmbedding : Embedding
    {
        public override void Dispose() { }
    }

    /// <summary>
    /// Each point gives the same square around itself, sure and stable, so that the filters of the automatic masks keep them all.
    /// </summary>
    private sealed class ScriptedDecoding(ScriptedSegmenter segmenter) : Decoding(null!, [1, 1, 32, 32], [1, 1], RankBy.PredictedIou)
    {
        protected override void RunGraph(Embedding embedding, PromptBuffer prompt)
        {
            segmenter.Begin();
            var logits = MaskValue.GetTensorMutableDataAsSpan<float>();
            var (cx, cy) = (prompt.Clicks[0].X / embedding.FrameWidth * Width, prompt.Clicks[0].Y / embedding.FrameHeight * Height);
            for (var i = 0; i < logits.Length; i++)
                logits[i] = Math.Abs(i % Width + 0.5f - cx) < 3 && Math.Abs(i / Width + 0.5f - cy) < 3 ? 8 : -8;
            IouValue.GetTensorMutableDataAsSpan<float>()[0] = segmenter.PredictedIou;
        }

        [SuppressMessage("Usage", "CA2215", Justification = "The base disposes a binding, and a script has none.")]
        public override void Dispose()
        {
            MaskValue.Dispose();
            IouValue.Dispose();
        }
    }
}
