using OpenCvSharp;

namespace EdgeSeg.Vision.Tracking;

/// <summary>
/// The colours of an object and of what surrounds it: histograms of 16 x 16 x 16 bins in CIE Lab, of the first frame and, slowly renewed,
/// of the later ones. They show whether a mask is still on the same object, and for each pixel how likely it belongs to it.
/// </summary>
internal sealed class Appearance : IDisposable
{
    public const int Bins = 16,
        BinCount = Bins * Bins * Bins;

    private const float Rate = 0.1f,
        Floor = 2e-4f;

    private readonly Mat lab = new();
    private readonly float[] firstObject = new float[BinCount],
        firstSurroundings = new float[BinCount],
        laterObject = new float[BinCount],
        laterSurroundings = new float[BinCount],
        candidateObject = new float[BinCount],
        candidateSurroundings = new float[BinCount],
        scratch = new float[BinCount],
        evidence = new float[BinCount];
    private bool isEvidenceStale = true;

    /// <summary>Histogram bin of each pixel of an 8-bit BGR picture, row-major.</summary>
    public unsafe void Index(Mat pixels, Span<ushort> bins)
    {
        Cv2.CvtColor(pixels, lab, ColorConversionCodes.BGR2Lab);
        int rows = pixels.Rows,
            columns = pixels.Cols;
        for (var y = 0; y < rows; y++)
        {
            var row = new ReadOnlySpan<byte>((void*)lab.Ptr(y), 3 * columns);
            var to = bins.Slice(y * columns, columns);
            for (var x = 0; x < to.Length; x++)
                to[x] = (ushort)(((row[3 * x] >> 4) * Bins + (row[3 * x + 1] >> 4)) * Bins + (row[3 * x + 2] >> 4));
        }
    }

    /// <summary>The object's first appearance.</summary>
    public void Start(ReadOnlySpan<ushort> bins, ReadOnlySpan<float> logits)
    {
        Measure(bins, logits);
        candidateObject.CopyTo(firstObject, 0);
        candidateObject.CopyTo(laterObject, 0);
        candidateSurroundings.CopyTo(firstSurroundings, 0);
        candidateSurroundings.CopyTo(laterSurroundings, 0);
        isEvidenceStale = true;
    }

    /// <summary>
    /// 0..1: how alike the colours of a mask (logits above 0) and of the object are (Bhattacharyya coefficient): the better of its first
    /// and its later appearance. 0 for a mask that is empty or fills the grid.
    /// </summary>
    public float Similarity(ReadOnlySpan<ushort> bins, ReadOnlySpan<float> logits)
    {
        if (!Measure(bins, logits))
            return 0;
        return Math.Max(Coefficient(candidateObject, firstObject), Coefficient(candidateObject, laterObject));
    }

    /// <summary>The mask of the last <see cref="Similarity"/> is the object: renews its later appearance.</summary>
    public void Learn()
    {
        for (var i = 0; i < BinCount; i++)
        {
            laterObject[i] += Rate * (candidateObject[i] - laterObject[i]);
            laterSurroundings[i] += Rate * (candidateSurroundings[i] - laterSurroundings[i]);
        }

        isEvidenceStale = true;
    }

    /// <summary>
    /// For each bin the logarithm of how much likelier it is on the object than beside it; mean of first and later appearance.
    /// </summary>
    public ReadOnlySpan<float> Evidence()
    {
        if (isEvidenceStale)
        {
            for (var i = 0; i < BinCount; i++)
            {
                evidence[i] =
                    0.5f
                    * MathF.Log(
                        (firstObject[i] + Floor)
                            / (firstSurroundings[i] + Floor)
                            * ((laterObject[i] + Floor) / (laterSurroundings[i] + Floor))
                    );
            }

            isEvidenceStale = false;
        }

        return evidence;
    }

    private bool Measure(ReadOnlySpan<ushort> bins, ReadOnlySpan<float> logits)
    {
        Array.Clear(candidateObject);
        Array.Clear(candidateSurroundings);
        var inside = 0;
        for (var i = 0; i < bins.Length; i++)
        {
            if (logits[i] > 0)
            {
                candidateObject[bins[i]]++;
                inside++;
            }
            else
                candidateSurroundings[bins[i]]++;
        }

        Smooth(candidateObject);
        Smooth(candidateSurroundings);
        return inside > 0 && inside < bins.Length;
    }

    /// <summary>Weights 1, 2, 1 along each of the three axes, and a sum of 1: near colours count as alike.</summary>
    private void Smooth(float[] histogram)
    {
        foreach (var step in (ReadOnlySpan<int>)[Bins * Bins, Bins, 1])
        {
            for (var i = 0; i < BinCount; i++)
            {
                var along = i / step % Bins;
                var value = 0.5f * histogram[i];
                if (along > 0)
                    value += 0.25f * histogram[i - step];
                if (along < Bins - 1)
                    value += 0.25f * histogram[i + step];
                scratch[i] = value;
            }

            scratch.CopyTo(histogram, 0);
        }

        var sum = 0f;
        foreach (var value in histogram)
            sum += value;
        if (sum <= 0)
            return;
        for (var i = 0; i < BinCount; i++)
            histogram[i] /= sum;
    }

    private static float Coefficient(float[] a, float[] b)
    {
        var sum = 0f;
        for (var i = 0; i < BinCount; i++)
            sum += MathF.Sqrt(a[i] * b[i]);
        return sum;
    }

    public void Dispose() => lab.Dispose();
}
