using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Testing;

/// <summary>
/// Small EfficientSAM graphs of the published contract with seeded random weights, and the answers that torch computed for them.
/// tests/data/make_efficientsam.py makes both.
/// </summary>
internal static class EfficientSamGraphs
{
    private static readonly Lazy<string> bundle = new(() =>
    {
        var target = Path.Combine(Directory.CreateTempSubdirectory("edgeseg-test-").FullName, "bundle");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Path.GetDirectoryName(target)!, recursive: true);
        EfficientSamImport.Run(Encoder, null, Decoder, "efficientsam-random", target, threads: 0);
        return target;
    });

    public static string Folder { get; } = Path.Combine(Root(), "tests", "data", "efficientsam");

    public static string Encoder => Path.Combine(Folder, "encoder.onnx");

    public static string Decoder => Path.Combine(Folder, "decoder.onnx");

    /// <summary>The folder of a bundle, imported once for all tests.</summary>
    public static string Bundle => bundle.Value;

    public static LoadedModel Load(string saliency) => LoadedModel.Load(Bundle, threads: 2, saliencyFolder: saliency);

    public static IReadOnlyList<EfficientSamCase> Cases()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "cases.json")));
        return [.. json.RootElement.EnumerateArray().Select(EfficientSamCase.Of)];
    }

    public static float[] Floats(string file) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(Folder, file))).ToArray();

    /// <summary>A mask from numpy.packbits of its rows: the highest bit is the first pixel.</summary>
    public static BinaryMask Mask(EfficientSamCase of)
    {
        var bits = File.ReadAllBytes(Path.Combine(Folder, of.MaskFile));
        var mask = new BinaryMask();
        mask.Reset(of.Width, of.Height);
        for (var i = 0; i < of.Width * of.Height; i++)
        {
            if ((bits[i >> 3] >> (7 - (i & 7)) & 1) != 0)
                mask[i % of.Width, i / of.Width] = true;
        }

        return mask;
    }

    private static string Root([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", ".."));
}

internal sealed record EfficientSamCase(
    string Image,
    int Width,
    int Height,
    float[][] Points,
    int[] Labels,
    float[] PredictedIou,
    int Best,
    string EmbeddingFile,
    string LogitsFile,
    string MaskFile
)
{
    public static EfficientSamCase Of(JsonElement j) =>
        new(
            j.GetProperty("image").GetString()!,
            j.GetProperty("width").GetInt32(),
            j.GetProperty("height").GetInt32(),
            [.. j.GetProperty("points").EnumerateArray().Select(p => p.EnumerateArray().Select(v => v.GetSingle()).ToArray())],
            [.. j.GetProperty("labels").EnumerateArray().Select(v => v.GetInt32())],
            [.. j.GetProperty("iou_predictions").EnumerateArray().Select(v => v.GetSingle())],
            j.GetProperty("best").GetInt32(),
            j.GetProperty("embedding").GetString()!,
            j.GetProperty("low_res_logits").GetString()!,
            j.GetProperty("mask_bits").GetString()!
        );

    public PromptBuffer Prompt()
    {
        var prompt = new PromptBuffer { Source = Labels[0] == 2 ? PromptSource.Box : PromptSource.Click };
        for (var i = 0; i < Labels.Length; i++)
        {
            if (Labels[i] == 1)
                prompt.Add(new Click(Points[i][0], Points[i][1]));
            else if (Labels[i] == 2)
                prompt.Box = new Box(Points[i][0], Points[i][1], Points[i + 1][0], Points[i + 1][1]);
        }

        return prompt;
    }
}
