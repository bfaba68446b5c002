using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Evaluation;

/// <summary>
/// The shipped weights on the team's development photographs, against the figures of a plain Python loop. Skipped where the photographs are
/// not at hand.
/// </summary>
public sealed class DevAgreementTests : IDisposable
{
    /// <summary>Two sets are enough for a test; <c>edgeseg eval</c> on all of them is in the README.</summary>
    private static readonly string[] sets = ["ecssd", "pets"];

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("fp32", .7390, .7794, .8352, .7839, .8984, .1165, .9510, .9631, .9615)]
    [InlineData("int8", .7390, .7794, .8352, .7839, .8984, .1165, .9510, .9631, .9615)]
    public void Figures_agree_with_the_python_loop(
        string precision,
        double click,
        double best,
        double box,
        double auto,
        double maxF,
        double mae,
        double petsClick,
        double petsBest,
        double petsBox
    )
    {
        var tar = Path.Combine(Repository(), "..", "shared", "data", "dev.tar");
        Assert.SkipUnless(File.Exists(tar), "the development photographs (../shared/data/dev.tar) are not here");
        var annotations = Unpack(tar);
        using var model = LoadedModel.Load(Path.Combine(Repository(), "models", "squeezesam"), precision);
        using var evaluator = new Evaluator(model, new CocoPhotos(CocoSet.Read(annotations), scratch.Path));
        evaluator.Run(null, (_, _) => { }, default);
        Assert.Empty(evaluator.Failures);
        const double tolerance = 0.005;
        var (ecssd, pets) = (evaluator.Sets["ecssd"], evaluator.Sets["pets"]);
        Assert.Equal((150, 93), (ecssd.Count, pets.Count));
        Assert.Equal(click, ecssd.Click, tolerance);
        Assert.Equal(best, ecssd.ClickBest, tolerance);
        Assert.Equal(box, ecssd.Box, tolerance);
        Assert.Equal(auto, ecssd.Auto, tolerance);
        Assert.Equal(maxF, ecssd.SaliencyMaxF, tolerance);
        Assert.Equal(mae, ecssd.SaliencyMae, tolerance);
        Assert.Equal(petsClick, pets.Click, tolerance);
        Assert.Equal(petsBest, pets.ClickBest, tolerance);
        Assert.Equal(petsBox, pets.Box, tolerance);
    }

    /// <summary>
    /// Photographs into the scratch folder, segment maps into a COCO file: one annotation a segment of at least 0.333 % of the photograph.
    /// </summary>
    private string Unpack(string tar)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        using (var reader = new TarReader(File.OpenRead(tar)))
        {
            while (reader.GetNextEntry() is { } entry)
            {
                if (entry.DataStream is null)
                    continue;
                using var bytes = new MemoryStream();
                entry.DataStream.CopyTo(bytes);
                files[entry.Name.Replace("./", "", StringComparison.Ordinal)] = bytes.ToArray();
            }
        }

        var images = new JsonArray();
        var annotations = new JsonArray();
        foreach (var line in Encoding.UTF8.GetString(files["index.jsonl"]).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var record = JsonDocument.Parse(line);
            var root = record.RootElement;
            var category = Array.IndexOf(sets, root.GetProperty("set").GetString()) + 1;
            if (category == 0)
                continue;
            var name = root.GetProperty("id").GetString() + ".jpg";
            scratch.Write(name, files["images/" + name]);
            images.Add(
                new JsonObject
                {
                    ["id"] = images.Count + 1,
                    ["file_name"] = name,
                    ["width"] = root.GetProperty("w").GetInt32(),
                    ["height"] = root.GetProperty("h").GetInt32(),
                }
            );
            foreach (var layer in root.GetProperty("layers").EnumerateArray())
            {
                var kind = layer.GetProperty("kind").GetString()!;
                if (kind is not ("instances" or "instances_partial" or "salient"))
                    continue;
                var file = layer.GetProperty("file").GetString()!;
                AddSegments(annotations, files.TryGetValue(file, out var map) ? map : files["masks/" + file], kind, images.Count, category);
            }
        }

        var coco = new JsonObject
        {
            ["images"] = images,
            ["annotations"] = annotations,
            ["categories"] = new JsonArray([.. sets.Select((s, i) => new JsonObject { ["id"] = i + 1, ["name"] = s })]),
        };
        return scratch.Write("annotations.json", Encoding.UTF8.GetBytes(coco.ToJsonString()));
    }

    private static void AddSegments(JsonArray annotations, byte[] png, string kind, int image, int category)
    {
        using var map = Cv2.ImDecode(png, ImreadModes.Unchanged);
        Assert.Equal(MatType.CV_8UC1, map.Type());
        map.GetArray(out byte[] pixels);
        for (var segment = 1; segment <= 255; segment++)
        {
            var value = (byte)segment;
            var count = pixels.Count(p => p == value);
            if (count == 0 || (value != 255 && count < 0.00333 * pixels.Length))
                continue;
            using var binary = new Mat();
            Cv2.InRange(map, Scalar.All(segment), Scalar.All(segment), binary);
            var mask = new BinaryMask();
            MaskMat.FromMat(binary, mask);
            var counts = new System.Buffers.ArrayBufferWriter<byte>();
            Assert.True(new RunLength().TryEncode(mask, counts));
            annotations.Add(
                new JsonObject
                {
                    ["id"] = annotations.Count + 1,
                    ["image_id"] = image,
                    ["category_id"] = category,
                    ["kind"] = kind,
                    ["iscrowd"] = value == 255 ? 1 : 0,
                    ["segmentation"] = new JsonObject
                    {
                        ["size"] = new JsonArray(map.Rows, map.Cols),
                        ["counts"] = Encoding.ASCII.GetString(counts.WrittenSpan),
                    },
                }
            );
        }
    }

    private static string Repository([System.Runtime.CompilerServices.CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "../../.."));
}
