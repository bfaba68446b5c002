using System.Text.Json.Nodes;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Vision.Models;

public sealed class ModelBundleTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-test-").FullName;

    public void Dispose() => Directory.Delete(folder, true);

    [Fact]
    public void A_valid_bundle_opens_and_its_graph_is_read()
    {
        var bundle = ModelBundle.Open(OnnxGraph.Bundle([1, 2, 3], folder));
        Assert.Equal([1, 2, 3], bundle.Read(bundle.Graph("segmenter", "fp32")));
    }

    [Fact]
    public void A_missing_folder_is_named() => Refused(folder + "/none", "is not a folder");

    [Fact]
    public void A_folder_without_manifest_is_refused() => Refused(folder, "holds no model.json");

    [Fact]
    public void A_missing_file_is_named()
    {
        OnnxGraph.Bundle([1, 2, 3], folder);
        File.Delete(Path.Combine(folder, "m.onnx"));
        Refused(folder, "does not contain the file m.onnx");
    }

    [Fact]
    public void A_shortened_file_is_detected_by_its_size()
    {
        OnnxGraph.Bundle([1, 2, 3], folder);
        File.WriteAllBytes(Path.Combine(folder, "m.onnx"), [1, 2]);
        Refused(folder, "of 2 bytes where model.json says 3");
    }

    [Fact]
    public void An_altered_file_is_detected_by_its_hash()
    {
        OnnxGraph.Bundle([1, 2, 3], folder);
        File.WriteAllBytes(Path.Combine(folder, "m.onnx"), [1, 2, 4]);
        var bundle = ModelBundle.Open(folder);
        var error = Assert.Throws<OperatingException>(() => bundle.Read(bundle.Graph("segmenter", "fp32")));
        Assert.Contains("altered file m.onnx", error.Message);
    }

    [Theory]
    [InlineData("../m.onnx")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("")]
    public void A_path_in_a_file_name_is_refused(string name)
    {
        OnnxGraph.Bundle([1, 2, 3], folder);
        Edit(m => m["graphs"]![0]!["file"] = name);
        Refused(folder, "not a plain file name");
    }

    [Fact]
    public void An_int8_graph_without_calibration_images_is_refused()
    {
        OnnxGraph.Bundle([1, 2, 3], folder, "int8");
        Refused(folder, "without the images it was calibrated with");
        OnnxGraph.Bundle([1, 2, 3], folder, "int8", """,  "calibration":{"images":0,"from":"x"}""");
        Refused(folder, "without the images it was calibrated with");
        OnnxGraph.Bundle([1, 2, 3], folder, "int8", """,  "calibration":{"images":9,"from":"x"}""");
        ModelBundle.Open(folder);
    }

    [Theory]
    [InlineData("name")]
    [InlineData("version")]
    [InlineData("graphs")]
    [InlineData("weights_licence")]
    public void A_manifest_without_a_required_member_is_refused(string member)
    {
        OnnxGraph.Bundle([1, 2, 3], folder);
        Edit(m => m.Remove(member));
        Refused(folder, member);
    }

    [Fact]
    public void Another_kind_or_schema_is_refused_with_what_is_known()
    {
        OnnxGraph.Bundle([1, 2, 3], folder);
        Edit(m => m["kind"] = "oracle");
        Refused(folder, "this edgeseg runs: squeezesam");
        Edit(m => m["v"] = 2);
        Refused(folder, "schema version 2");
    }

    [Fact]
    public void A_precision_that_the_bundle_lacks_is_refused_with_those_it_has()
    {
        var bundle = ModelBundle.Open(OnnxGraph.Bundle([1, 2, 3], folder));
        Assert.Contains("segmenter/fp32", Assert.Throws<OperatingException>(() => bundle.Graph("segmenter", "int8")).Message);
    }

    [Theory]
    [InlineData("auto", "flags : fpu avx2 avx512_vnni", "int8")]
    [InlineData("auto", "flags : fpu avx2 avx_vnni", "int8")]
    [InlineData("auto", "flags : fpu avx2", "fp32")]
    [InlineData("auto", "Features : fp asimd asimddp", "int8")]
    [InlineData("auto", "Features : fp asimd crc32", "fp32")]
    [InlineData("auto", "", "fp32")]
    [InlineData("fp32", "flags : avx512_vnni", "fp32")]
    public void Precision_follows_the_cpu_unless_it_is_set(string wanted, string cpuInfo, string chosen) =>
        Assert.Equal(chosen, CpuFeatures.Choose(wanted, ["fp32", "int8"], cpuInfo).Precision);

    private static void Refused(string folder, string reason)
    {
        var error = Assert.Throws<OperatingException>(() => ModelBundle.Open(folder));
        Assert.Contains(reason, error.Message);
        Assert.Contains(folder, error.Message);
    }

    private void Edit(Action<JsonObject> edit)
    {
        var path = Path.Combine(folder, "model.json");
        var manifest = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(manifest);
        File.WriteAllText(path, manifest.ToJsonString());
    }
}
