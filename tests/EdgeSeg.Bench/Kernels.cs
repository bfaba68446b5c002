using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using OpenCvSharp;

namespace EdgeSeg.Bench;

/// <summary>
/// Each step outside the model on a 720p frame, beside what one writes first: pixel loops, bytes for bits, objects for JSON, OpenCV's
/// general way.
/// </summary>
[MemoryDiagnoser]
public class Kernels : IDisposable
{
    private const int W = 1280,
        H = 720,
        Side = 128;

    private readonly Mat frame = new(H, W, MatType.CV_8UC3),
        small = new(256, 256, MatType.CV_8UC3);
    private readonly FrameResizer resizer = new();
    private readonly byte[] tensor = new byte[256 * 256 * 3];
    private readonly float[] logits = new float[Side * Side],
        planes = new float[3 * 1024 * 1024];
    private readonly byte[] mask = new byte[W * H];
    private readonly BinaryMask bits = new(),
        other = new();
    private readonly SaliencyMap map = new(Side, Side);
    private readonly ClickSampler sampler = new();
    private readonly PromptBuffer prompt = new();
    private readonly RunLength runLength = new();
    private readonly ArrayBufferWriter<byte> counts = new(4096);
    private readonly MaskWriter writer = new();
    private readonly Segmentation result = new();
    private byte[] otherMask = [];
    private string text = "";

    public Kernels()
    {
        NativeLibraries.Prepare();
        Cv2.Randu(frame, Scalar.All(0), Scalar.All(255));
        for (var i = 0; i < logits.Length; i++)
            logits[i] = 40 - MathF.Sqrt(MathF.Pow(i % Side - 60, 2) + MathF.Pow(i / Side - 70, 2)) + 3 * MathF.Sin(i * 0.7f);
        LogitsToMask.Enlarge(logits, Side, Side, bits, W, H);
        other.CopyFrom(bits);
        for (var i = 0; i < mask.Length; i++)
            mask[i] = bits[i % W, i / W] ? (byte)1 : (byte)0;
        otherMask = [.. mask];
        map.Load(logits);
        RunLengths();
        text = System.Text.Encoding.ASCII.GetString(counts.WrittenSpan);
        result.Mask.CopyFrom(bits);
        (result.Found, result.Geometry, result.Times) = (true, bits.Measure(), StageTimes.None);
    }

    [Benchmark, BenchmarkCategory("tensor fill, 256")]
    public void TensorFill() => resizer.Fill(frame, small);

    [Benchmark, BenchmarkCategory("tensor fill, 256")]
    public void TensorFillStraightforward()
    {
        using var resized = new Mat();
        Cv2.Resize(frame, resized, new Size(256, 256), 0, 0, InterpolationFlags.Area);
        var at = 0;
        for (var y = 0; y < 256; y++)
        {
            for (var x = 0; x < 256; x++)
            {
                var pixel = resized.At<Vec3b>(y, x);
                (tensor[at], tensor[at + 1], tensor[at + 2]) = (pixel.Item0, pixel.Item1, pixel.Item2);
                at += 3;
            }
        }
    }

    [Benchmark, BenchmarkCategory("float planes, 1024")]
    public void FloatPlanes() => PictureTensor.Fill(frame, planes, 1024, 1024);

    [Benchmark, BenchmarkCategory("float planes, 1024")]
    public void FloatPlanesStraightforward()
    {
        using var resized = new Mat();
        Cv2.Resize(frame, resized, new Size(1024, 1024));
        for (var y = 0; y < 1024; y++)
        {
            for (var x = 0; x < 1024; x++)
            {
                var pixel = resized.At<Vec3b>(y, x);
                for (var c = 0; c < 3; c++)
                    planes[c * 1024 * 1024 + y * 1024 + x] = pixel[2 - c] / 255f;
            }
        }
    }

    [Benchmark, BenchmarkCategory("blobs and five clicks")]
    public void FiveClicks()
    {
        prompt.Clear();
        sampler.Sample(map, 0.5f, W, H, prompt);
    }

    [Benchmark, BenchmarkCategory("blobs and five clicks")]
    public int FiveClicksStraightforward() => Straightforward.FiveClicks(logits, Side);

    [Benchmark, BenchmarkCategory("logits to mask, 720p")]
    public void LogitsToBits() => LogitsToMask.Enlarge(logits, Side, Side, bits, W, H);

    [Benchmark, BenchmarkCategory("logits to mask, 720p")]
    public int LogitsToBitsStraightforward() => Straightforward.Enlarge(logits, Side, W, H, mask);

    [Benchmark, BenchmarkCategory("run lengths")]
    public void RunLengths()
    {
        counts.ResetWrittenCount();
        runLength.TryEncode(bits, counts);
    }

    [Benchmark, BenchmarkCategory("run lengths")]
    public int RunLengthsStraightforward() => Straightforward.RunLengths(mask, W, H).Length;

    [Benchmark, BenchmarkCategory("polygon")]
    public int Outline() => Polygon.Trace(bits, 1).Rings.Count;

    [Benchmark, BenchmarkCategory("polygon")]
    public int OutlineStraightforward()
    {
        using var set = Mat.FromPixelData(H, W, MatType.CV_8UC1, mask);
        Cv2.FindContours(set, out Point[][] contours, out _, RetrievalModes.CComp, ContourApproximationModes.ApproxNone);
        return contours.Sum(c => Cv2.ApproxPolyDP(c, 1, true).Length);
    }

    [Benchmark, BenchmarkCategory("overlap of two masks")]
    public double Overlap() => BinaryMask.Iou(bits, other);

    [Benchmark, BenchmarkCategory("overlap of two masks")]
    public double OverlapStraightforward()
    {
        int both = 0,
            either = 0;
        for (var i = 0; i < mask.Length; i++)
        {
            if (mask[i] != 0 && otherMask[i] != 0)
                both++;
            if (mask[i] != 0 || otherMask[i] != 0)
                either++;
        }

        return (double)both / either;
    }

    [Benchmark, BenchmarkCategory("mask message")]
    public int Message() => writer.Write(Straightforward.Info(W, H), result, MessageLimits.MaxMessageBytes).Length;

    [Benchmark, BenchmarkCategory("mask message")]
    public int MessageStraightforward() =>
        JsonSerializer.Serialize(Straightforward.Message(Straightforward.RunLengths(mask, W, H), result)).Length + text.Length;

    public void Dispose()
    {
        frame.Dispose();
        small.Dispose();
        writer.Dispose();
        GC.SuppressFinalize(this);
    }
}
