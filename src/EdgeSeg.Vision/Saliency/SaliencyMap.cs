namespace EdgeSeg.Vision.Saliency;

/// <summary>
/// The saliency heat map of one frame at the model's size: logits, row-major, <see cref="Width"/> x <see cref="Height"/>. Reused.
/// </summary>
internal sealed class SaliencyMap(int width, int height)
{
    private readonly float[] logits = new float[width * height];

    public int Width { get; } = width;

    public int Height { get; } = height;

    public ReadOnlySpan<float> Logits => logits;

    public ReadOnlySpan<float> Row(int y) => logits.AsSpan(y * Width, Width);

    /// <summary>Copies a model's output. False when a value is not finite: such a map is invalid.</summary>
    public bool Load(ReadOnlySpan<float> source)
    {
        source.CopyTo(logits);
        // x - x is 0 for every finite x and NaN for all others; sums of zeros stay exact
        var sum = 0f;
        foreach (var x in logits)
            sum += x - x;
        return sum == 0;
    }

    /// <summary>The logit at which a pixel's saliency (0..1) reaches a threshold.</summary>
    public static float Logit(float probability) => MathF.Log(probability / (1 - probability));

    public static float Probability(float logit) => 1 / (1 + MathF.Exp(-logit));
}

/// <summary>
/// What a blob must have to be an object, 0..1: <paramref name="Mean"/> saliency, and a <paramref name="Peak"/>. A picture without an
/// object gives blobs too, but the model is less sure of them. Calibrated for each bundle; 0: everything above the threshold is an object.
/// </summary>
internal readonly record struct SaliencyFloor(float Mean, float Peak)
{
    public bool IsBelow(float mean, float peak) => !(mean >= Mean && peak >= Peak);
}
