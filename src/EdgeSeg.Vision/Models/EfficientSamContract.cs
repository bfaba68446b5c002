using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// The graphs that EfficientSAM's repository publishes (opset 17). Encoder: <c>batched_images</c> float [B,3,H,W] RGB 0..1 ->
/// <c>image_embeddings</c> float [B,C,h,w]; resizing to 16h x 16w and normalising are inside. Decoder: <c>image_embeddings</c>,
/// <c>batched_point_coords</c> float [1,1,N,2] (x, y in pixels of a picture of <c>orig_im_size</c>), <c>batched_point_labels</c> float
/// [1,1,N], <c>orig_im_size</c> int64 [2] = H, W -> <c>output_masks</c> float [1,1,K,H,W] logits, <c>iou_predictions</c> float [1,1,K], not
/// sorted. Decoded at 4h x 4w, the size in which the decoder thinks, so that it enlarges nothing.
/// </summary>
internal sealed class EfficientSamContract
{
    public const string Images = "batched_images",
        Features = "image_embeddings";
    public const string Coordinates = "batched_point_coords",
        Labels = "batched_point_labels",
        PictureSize = "orig_im_size";
    public const string Masks = "output_masks",
        Scores = "iou_predictions";

    private const int Patch = 16,
        MasksPerFeature = 4;

    private EfficientSamContract(long[] features, long[] masks, long[] scores) =>
        (FeatureShape, MaskShape, ScoreShape) = (features, masks, scores);

    /// <summary>[1,C,h,w]</summary>
    public long[] FeatureShape { get; }

    /// <summary>[1,1,K,4h,4w]</summary>
    public long[] MaskShape { get; }

    /// <summary>[1,1,K]</summary>
    public long[] ScoreShape { get; }

    /// <summary>Sides of the picture that the encoder works on.</summary>
    public int PictureWidth => (int)FeatureShape[3] * Patch;

    public int PictureHeight => (int)FeatureShape[2] * Patch;

    /// <summary>Checks names, types and ranks, then runs both graphs once: only that shows whether they belong together.</summary>
    /// <exception cref="OperatingException">They are other graphs; the difference is named.</exception>
    public static EfficientSamContract Check(ModelSession encoder, ModelSession decoder)
    {
        var images = encoder.InputShape(Images, TensorElementType.Float, 4);
        encoder.OutputShape(Features, TensorElementType.Float, 4);
        if (images[1] is not (3 or -1))
            throw WrongShape(encoder, Images, images, "[1,3,height,width]");
        var features = decoder.InputShape(Features, TensorElementType.Float, 4);
        if (features is not [_, > 0, > 0 and <= 256, > 0 and <= 256])
            throw WrongShape(decoder, Features, features, "[1,channels,rows,columns]");
        features[0] = 1;
        var coordinates = decoder.InputShape(Coordinates, TensorElementType.Float, 4);
        if (coordinates is not [1 or -1, 1 or -1, -1 or PromptBuffer.MaxPoints, 2])
            throw WrongShape(decoder, Coordinates, coordinates, $"[1,1,any number or {PromptBuffer.MaxPoints},2]");
        decoder.InputShape(Labels, TensorElementType.Float, 3);
        decoder.InputShape(PictureSize, TensorElementType.Int64, 1);
        decoder.OutputShape(Masks, TensorElementType.Float, 5);
        decoder.OutputShape(Scores, TensorElementType.Float, 3);
        CheckEncoder(encoder, features);
        var (masks, scores) = CheckDecoder(decoder, features);
        return new EfficientSamContract(features, masks, scores);
    }

    private static void CheckEncoder(ModelSession encoder, long[] features)
    {
        using var binding = encoder.CreateBinding();
        using var picture = new Tensor<float>(TensorElementType.Float, 1, 3, features[2] * Patch, features[3] * Patch);
        binding.BindInput(Images, picture.Value);
        binding.BindOutput(Features);
        encoder.TryOut(binding);
        using var outputs = binding.Outputs();
        var shape = outputs[0].GetTensorTypeAndShape().Shape;
        if (!shape.SequenceEqual(features))
            throw new OperatingException(
                $"graph {encoder.Name} gives {Features} [{string.Join(',', shape)}] where the decoder takes "
                    + $"[{string.Join(',', features)}]: encoder and decoder do not belong together"
            );
    }

    private static (long[] Masks, long[] Scores) CheckDecoder(ModelSession decoder, long[] features)
    {
        long height = features[2] * MasksPerFeature,
            width = features[3] * MasksPerFeature;
        using var inputs = new EfficientSamInputs((int)width, (int)height, PadTo(features));
        using var embedding = new Tensor<float>(TensorElementType.Float, features);
        using var binding = decoder.CreateBinding();
        inputs.Bind(binding);
        binding.BindInput(Features, embedding.Value);
        foreach (var name in (ReadOnlySpan<string>)[Masks, Scores])
            binding.BindOutput(name);
        decoder.TryOut(binding);
        using var outputs = binding.Outputs();
        long[] masks = outputs[0].GetTensorTypeAndShape().Shape,
            scores = outputs[1].GetTensorTypeAndShape().Shape;
        if (masks is not [1, 1, > 0, _, _] || masks[3] != height || masks[4] != width)
            throw WrongShape(decoder, Masks, masks, $"[1,1,masks,{height},{width}]");
        if (scores is not [1, 1, _] || scores[2] != masks[2])
            throw WrongShape(decoder, Scores, scores, $"[1,1,{masks[2]}]");
        return (masks, scores);
    }

    /// <summary>Fresh inputs for a decoder.</summary>
    public EfficientSamInputs CreateInputs() => new((int)MaskShape[4], (int)MaskShape[3], PadTo(FeatureShape));

    /// <summary>
    /// Where an unused point lies. The graph fills up to six points itself with -1 in the encoder's pixels, and where it lies is not
    /// without effect: so points that we fill up with must lie there too, in the pixels of the size asked for.
    /// </summary>
    private static float PadTo(long[] features) => -(float)(features[3] * MasksPerFeature) / (features[3] * Patch);

    private static OperatingException WrongShape(ModelSession session, string node, long[] shape, string needed) =>
        new($"graph {session.Name}: '{node}' is [{string.Join(',', shape)}] where {needed} is needed: it is not an EfficientSAM graph");
}
