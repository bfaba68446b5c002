using System.Globalization;
using System.Text.Json;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using Xunit;

namespace EdgeSeg.Native;

/// <summary>
/// The arm64 build under qemu-user, beside this machine's: <c>./build.sh test-arm64</c> makes what it needs. Time means nothing there.
/// </summary>
public class Arm64Tests(ITestOutputHelper output)
{
    private const double LeastIou = 0.995;

    private static string Binary => Named("EDGESEG_ARM64");

    /// <summary>int8 only: emulated, a run of the fp32 graph takes minutes, since each of its sums is computed by software.</summary>
    [Fact]
    public void Masks_are_those_of_x64()
    {
        const string precision = "int8";
        // an emulated run of the model takes many seconds: two photographs of the five
        string[] photos = [.. ((string[])["astronaut.jpg", "chelsea.jpg"]).Select(p => Path.Combine(Published.Folder, "demo", p))];
        var here = Masks(Published.Run(Published.Binary, ["segment", .. photos, "--precision", precision]));
        var there = Masks(Run(["segment", .. photos, "--precision", precision]));
        Assert.Equal(photos.Length, here.Count);
        Assert.Equal(here.Keys.Order(), there.Keys.Order());
        foreach (var (photo, mask) in here)
        {
            var iou = BinaryMask.Iou(mask, there[photo]);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{precision} {Path.GetFileName(photo)}: IoU {iou:0.00000}"));
            Assert.True(iou >= LeastIou, $"{photo}: {iou}");
        }
    }

    [Fact]
    public void A_click_and_the_pictures_are_those_of_x64()
    {
        using Scratch a = new(),
            b = new();
        string[] Arguments(Scratch to) =>
            [
                "segment",
                Path.Combine(Published.Folder, "demo", "chelsea.jpg"),
                "--click",
                "220,150",
                "--precision",
                "int8",
                "--format",
                "json,png,overlay,polygon",
                "--out",
                to.Path,
            ];
        var here = Masks(Published.Run(Published.Binary, Arguments(a))).Values.Single();
        var there = Masks(Run(Arguments(b))).Values.Single();
        Assert.True(BinaryMask.Iou(here, there) >= LeastIou);
        Assert.Equal(
            Directory.GetFiles(a.Path).Select(Path.GetFileName).Order(),
            Directory.GetFiles(b.Path).Select(Path.GetFileName).Order()
        );
    }

    [Fact]
    public void Doctor_finds_the_libraries_and_the_model()
    {
        var said = Run(["doctor"]).Output;
        output.WriteLine(said);
        foreach (var what in new[] { "onnx runtime", "opencv", "model" })
            Assert.Contains(
                said.Split('\n'),
                l => l.StartsWith("ok ", StringComparison.Ordinal) && l.Contains(what, StringComparison.Ordinal)
            );
    }

    [Fact]
    public void Info_has_the_machine_and_the_precision()
    {
        var said = Run(["info"]).Output;
        output.WriteLine(said);
        Assert.Contains("linux-arm64", said);
        Assert.Matches("precision +(int8|fp32): ", said);
    }

    private static (int ExitCode, string Output, string Errors) Run(IEnumerable<string> arguments) =>
        Published.Run("qemu-aarch64-static", ["-L", Named("EDGESEG_ARM64_ROOT"), Binary, .. arguments], timesPatience: 30);

    private static Dictionary<string, BinaryMask> Masks((int ExitCode, string Output, string Errors) run)
    {
        Assert.True(run.ExitCode == 0, run.Errors);
        var masks = new Dictionary<string, BinaryMask>(StringComparer.Ordinal);
        foreach (var line in run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var json = JsonDocument.Parse(line);
            var coded = json.RootElement.GetProperty("mask");
            var size = coded.GetProperty("size");
            var mask = new BinaryMask();
            Assert.True(
                new RunLength().TryDecode(
                    coded.GetProperty("counts").GetString()!,
                    size[1].GetInt32(),
                    size[0].GetInt32(),
                    mask,
                    out var problem
                ),
                problem
            );
            masks.Add(Path.GetFileName(json.RootElement.GetProperty("source").GetString()!), mask);
        }

        return masks;
    }

    private static string Named(string variable)
    {
        var value = Environment.GetEnvironmentVariable(variable);
        Assert.SkipWhen(string.IsNullOrEmpty(value), $"{variable} is not set: ./build.sh test-arm64 runs this");
        return value!;
    }
}
