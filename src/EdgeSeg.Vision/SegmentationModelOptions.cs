namespace EdgeSeg.Vision;

/// <summary>The number format in which a model computes.</summary>
public enum ModelPrecision
{
    /// <summary>int8 where the processor has 8-bit dot products and the bundle has an int8 graph, else fp32.</summary>
    Auto,

    /// <summary>32-bit floating point.</summary>
    Fp32,

#pragma warning disable CA1720 // the field's name for this format; no type of C# is called so
    /// <summary>
    /// Weights and activations quantised to 8 bits: faster on processors with 8-bit dot products (x86 VNNI, ARM dotprod).
    /// </summary>
    Int8,
#pragma warning restore CA1720
}

/// <summary>The words of <see cref="ModelPrecision"/> in bundles, configuration and messages.</summary>
internal static class ModelPrecisions
{
    public static string ToWire(this ModelPrecision precision) =>
        precision switch
        {
            ModelPrecision.Auto => "auto",
            ModelPrecision.Fp32 => "fp32",
            ModelPrecision.Int8 => "int8",
            _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, "the precision is not one of ModelPrecision"),
        };

    /// <summary>Null: not a precision.</summary>
    public static ModelPrecision? FromWire(string word) =>
        word switch
        {
            "auto" => ModelPrecision.Auto,
            "fp32" => ModelPrecision.Fp32,
            "int8" => ModelPrecision.Int8,
            _ => null,
        };
}

/// <summary>How a model is loaded. The defaults suit most programs.</summary>
public sealed record SegmentationModelOptions
{
    /// <summary>The number format; the bundle must have a graph in it.</summary>
    public ModelPrecision Precision { get; init; } = ModelPrecision.Auto;

    /// <summary>Threads of one run; 0: one for each processor core, at most four.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Execution providers of ONNX Runtime in the order in which they are tried: <c>tensorrt</c>, <c>cuda</c>, <c>xnnpack</c>, <c>cpu</c>.
    /// One that does not start, or that computes wrong numbers, is skipped; the CPU ends every list. Empty: the best one that the loaded
    /// runtime has.
    /// </summary>
    public IReadOnlyList<string> Providers { get; init; } = [];

    /// <summary>
    /// Bundle of a model with saliency (SqueezeSAM), from which <see cref="Prompt.Automatic"/> takes its clicks when the loaded model has
    /// no saliency of its own (EfficientSAM). Null: such a model has no automatic prompt.
    /// </summary>
    public string? SaliencyFolder { get; init; }

    /// <summary>
    /// An existing folder in which results of the self-check and engines built by TensorRT are kept for the next start; null: nothing is
    /// kept.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>
    /// True: a second pass on a crop around the object, which makes better masks of small objects and takes up to twice the time
    /// (SqueezeSAM; EfficientSAM never does it). The session then keeps a copy of the picture.
    /// </summary>
    public bool Zoom { get; init; } = true;
}
