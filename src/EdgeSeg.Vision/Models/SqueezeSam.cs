using System.Diagnostics;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using Microsoft.ML.OnnxRuntime.Tensors;
using OpenCvSharp;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// SqueezeSAM as one graph. Inputs: <c>image</c> uint8 [1,S,T,3] BGR, the whole frame stretched to T x S; <c>points</c> float [1,N,3] = (x,
/// y in 0..1 of the frame, label: 1 click, 2 box top-left, 3 box bottom-right, -1 unused). Outputs: <c>masks</c> float [1,K,h,w] logits,
/// <c>iou</c> float [1,K], <c>saliency</c> float [1,1,h,w] logits. Sizes are the graph's own. Clicks are fused early, so the embedding is
/// the <see cref="PreparedPicture"/> and each prompt is one run.
/// </summary>
internal sealed class SqueezeSam : ISegmenter
{
    public const string Kind = "squeezesam";

    private readonly ModelSession session;
    private readonly long[] pointShape,
        maskShape,
        iouShape,
        saliencyShape;
    private readonly SqueezeSamDecoding primary;
    private readonly SaliencyMap map;
    private readonly ClickSampler sampler = new();

    public SqueezeSam(ModelSession session)
    {
        this.session = session;
        var image = session.InputShape("image", TensorElementType.UInt8, 4);
        if (image is not [1, > 0, > 0, 3])
            throw WrongShape("image", image, "[1,height,width,3]");
        (InputHeight, InputWidth) = ((int)image[1], (int)image[2]);
        pointShape = session.InputShape("points", TensorElementType.Float, 3);
        if (pointShape is not [1, >= 2, 3])
            throw WrongShape("points", pointShape, "[1,at least 2,3]");
        (maskShape, iouShape, saliencyShape) = TrialRun();
        if (maskShape is not [1, > 0, > 1, > 1])
            throw WrongShape("masks", maskShape, "[1,masks,height,width]");
        if (iouShape.Length != 2 || iouShape[1] != maskShape[1])
            throw WrongShape("iou", iouShape, $"[1,{maskShape[1]}]");
        if (saliencyShape is not [1, 1, > 1, > 1])
            throw WrongShape("saliency", saliencyShape, "[1,1,height,width]");
        primary = new SqueezeSamDecoding(session, pointShape, maskShape, iouShape, saliencyShape);
        map = new SaliencyMap((int)saliencyShape[3], (int)saliencyShape[2]);
        Salient = new SalientRegion(map.Width, map.Height);
    }

    public int InputWidth { get; }

    public int InputHeight { get; }

    public int MaxPoints => Math.Min((int)pointShape[1], PromptBuffer.MaxPoints);

    public int MaskCount => (int)maskShape[1];

    public bool HasSaliency => true;

    public float SaliencyThreshold { get; set; } = 0.5f;

    public SaliencyMap Saliency => map;

    public SalientRegion Salient { get; }

    public SaliencyFloor Floor { get; set; }

    public bool AcceptsNegativeClicks { get; private set; }

    /// <summary>Takes the numbers and capabilities of the bundle.</summary>
    public void Configure(ModelManifest manifest)
    {
        Floor = manifest.Thresholds?.Floor ?? default;
        AcceptsNegativeClicks = manifest.Capabilities?.Contains(ModelManifest.NegativeClicks) == true;
    }

    /// <summary>One: the graph's convolutions use all threads of the session already.</summary>
    public int ParallelDecodes => 1;

    /// <summary>The last picture's only: preparing another one takes a millisecond.</summary>
    public int EmbeddingsWorthKeeping => 1;

    public Embedding CreateEmbedding() => new PreparedPicture(InputWidth, InputHeight);

    public Decoding CreateDecoding() => new SqueezeSamDecoding(session, pointShape, maskShape, iouShape, saliencyShape);

    /// <summary>Prepares a frame: OpenCV resizes its pixels straight into the input tensor.</summary>
    public void Encode(Mat pixels, Embedding embedding, ref StageTimes times)
    {
        var since = Stopwatch.GetTimestamp();
        ((PreparedPicture)embedding).Fill(pixels);
        times.Close(Stage.Resize, since);
    }

    /// <summary>Each prompt runs the whole graph: there is nothing to encode before.</summary>
    public void EnsureEncoded(Embedding embedding, ref StageTimes times) { }

    public bool FindClicks(Embedding embedding, Segmentation result)
    {
        var since = Stopwatch.GetTimestamp();
        primary.RunUnprompted((PreparedPicture)embedding);
        since = result.Times.Close(Stage.Saliency, since);
        result.Prompt.Clear();
        result.Prompt.Source = PromptSource.Auto;
        (result.Saliency, result.SaliencyPeak) = (float.NaN, float.NaN);
        result.Reason =
            !map.Load(primary.Saliency) ? Segmentation.BadModelOutput
            : Sample(embedding, result) ? ""
            : Segmentation.NothingSalient;
        result.Times.Close(Stage.Clicks, since);
        return result.Reason.Length == 0;
    }

    private bool Sample(Embedding embedding, Segmentation result)
    {
        if (!sampler.Sample(map, SaliencyThreshold, embedding.FrameWidth, embedding.FrameHeight, result.Prompt))
            return false;
        (result.Saliency, result.SaliencyPeak) = (sampler.MeanSaliency, sampler.Peak);
        if (Floor.IsBelow(sampler.MeanSaliency, sampler.Peak))
            return false;
        Salient.Set(sampler.Blob);
        return true;
    }

    public Decoding Ask(Embedding embedding, PromptBuffer prompt, ref StageTimes times)
    {
        var since = Stopwatch.GetTimestamp();
        primary.Run(embedding, prompt);
        times.Close(Stage.Decode, since);
        return primary;
    }

    public bool TryEnlarge(int index, Embedding embedding, BinaryMask mask) => primary.TryEnlarge(index, embedding, mask);

    /// <summary>One run on an empty picture: gives the outputs' shapes (graphs may leave them free) and warms the runtime up.</summary>
    private (long[] Masks, long[] Iou, long[] Saliency) TrialRun()
    {
        session.OutputShape("masks", TensorElementType.Float, 4);
        session.OutputShape("iou", TensorElementType.Float, 2);
        session.OutputShape("saliency", TensorElementType.Float, 4);
        using var binding = session.CreateBinding();
        using var picture = new Tensor<byte>(TensorElementType.UInt8, 1, InputHeight, InputWidth, 3);
        binding.BindInput("image", picture.Value);
        using var points = new Tensor<float>(TensorElementType.Float, pointShape);
        points.Span.Fill(PointLabel.Unused);
        binding.BindInput("points", points.Value);
        foreach (var name in new[] { "masks", "iou", "saliency" })
            binding.BindOutput(name);
        session.TryOut(binding);
        using var outputs = binding.Outputs();
        return (
            outputs[0].GetTensorTypeAndShape().Shape,
            outputs[1].GetTensorTypeAndShape().Shape,
            outputs[2].GetTensorTypeAndShape().Shape
        );
    }

    private OperatingException WrongShape(string node, long[] shape, string needed) =>
        new($"graph {session.Name}: '{node}' is [{string.Join(',', shape)}] where {needed} is needed: it is not a SqueezeSAM graph");

    public void Dispose()
    {
        primary.Dispose();
        session.Dispose();
    }
}
