using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Vision.Models;

public sealed class EfficientSamImportTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void The_git_blob_id_is_that_of_git()
    {
        Assert.Equal("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", EfficientSamImport.GitBlobId([]));
        Assert.Equal("ce013625030ba8dba906f756967f9e9ca394464a", EfficientSamImport.GitBlobId("hello\n"u8));
    }

    [Fact]
    public void Other_graphs_are_refused_with_the_difference_and_leave_no_bundle()
    {
        var other = scratch.Write(
            "e.onnx",
            new OnnxGraph().Input("picture", 1, 1, 3, 8, 8).Output("image_embeddings", new float[4], 1, 1, 2, 2).ToBytes()
        );
        Assert.Contains("no input 'batched_images' (it has picture)", Import(other, other));
        var bytes = scratch.Write(
            "b.onnx",
            new OnnxGraph().Input("batched_images", 2, 1, 3, 8, 8).Output("image_embeddings", new float[4], 1, 1, 2, 2).ToBytes()
        );
        Assert.Contains("'batched_images' is UInt8[1,3,8,8] where Float of rank 4 is needed", Import(bytes, bytes));
        var good = scratch.Write("g.onnx", OnnxGraph.EfficientSamEncoder(cells: 2).ToBytes());
        Assert.Contains("no input 'image_embeddings'", Import(good, other));
        Assert.Contains("refuses the graph", Import(scratch.Write("n.onnx", [1, 2, 3]), good));
        Assert.Contains("is empty or not a plain file", Import("/dev/zero", good));
        Assert.Contains("is empty or not a plain file", Import(good, scratch.Write("empty.onnx", [])));
        Assert.False(Directory.Exists(Path.Combine(scratch.Path, "bundle")));
    }

    [Fact]
    public void Encoder_and_decoder_must_belong_together()
    {
        var encoder = scratch.Write("e.onnx", OnnxGraph.EfficientSamEncoder(cells: 3).ToBytes());
        var decoder = scratch.Write("d.onnx", Decoder(maskSide: 12).ToBytes());
        // a folder of the user with the name of a draft
        var own = scratch.Write("bundle.part/notes.txt", [1]);
        Assert.Empty(Import(encoder, decoder));
        Assert.True(File.Exists(own), $"{own} is there");
        var smaller = scratch.Write(
            "s.onnx",
            new OnnxGraph().Input("batched_images", 1, 1, 3, 48, 48).Output("image_embeddings", new float[4], 1, 1, 2, 2).ToBytes()
        );
        Assert.Contains("do not belong together", Import(smaller, decoder, "other"));
        var fewer = scratch.Write("f.onnx", Decoder(maskSide: 4).ToBytes());
        Assert.Contains("'output_masks' is [1,1,3,4,4] where [1,1,masks,12,12] is needed", Import(encoder, fewer, "other"));
    }

    [Fact]
    public void An_existing_folder_is_not_overwritten()
    {
        Directory.CreateDirectory(Path.Combine(scratch.Path, "bundle"));
        Assert.Contains("exists already", Import("e", "d"));
    }

    [Fact]
    public void The_bundle_has_its_files_and_self_check_mask_and_reports_unpublished_weights()
    {
        var bundle = ModelBundle.Open(EfficientSamGraphs.Bundle);
        Assert.Equal(["encoder", "decoder"], bundle.Manifest.Graphs.Select(g => g.Role));
        Assert.NotEmpty(bundle.Manifest.Graphs[0].Golden!);
        Assert.StartsWith("not known", bundle.Manifest.WeightsLicence);
        var report = EfficientSamImport.Run(
            EfficientSamGraphs.Encoder,
            null,
            EfficientSamGraphs.Decoder,
            "x",
            Path.Combine(scratch.Path, "x"),
            0
        );
        Assert.Contains("not the published", report.Single(t => t.Name == "weights").Value);
        Assert.DoesNotContain(report, t => t.Value.Contains("NaN", StringComparison.Ordinal));
    }

    [Fact]
    public void A_bundle_with_an_int8_encoder_too_has_both_with_calibration_and_a_self_check_mask_each()
    {
        var folder = Path.Combine(scratch.Path, "both");
        var report = EfficientSamImport.Run(
            EfficientSamGraphs.Encoder,
            Calibrated(File.ReadAllBytes(EfficientSamGraphs.Encoder)),
            EfficientSamGraphs.Decoder,
            "both",
            folder,
            1
        );
        Assert.StartsWith("calibrated on 40 images (photographs of pallets);", report.Single(t => t.Name == "int8").Value);
        Assert.EndsWith("(int8, CPU)", report.Single(t => t.Name == "time here, int8").Value);
        var bundle = ModelBundle.Open(folder);
        Assert.Equal(
            ["encoder fp32 encoder.onnx", "encoder int8 encoder-int8.onnx", "decoder fp32 decoder.onnx"],
            bundle.Manifest.Graphs.Select(g => $"{g.Role} {g.Precision} {g.File}")
        );
        Assert.Equal(new Calibration { Images = 40, From = "photographs of pallets" }, bundle.Manifest.Graphs[1].Calibration);
        Assert.All(bundle.Manifest.Graphs.Take(2), g => Assert.NotEmpty(g.Golden!));
        foreach (var precision in (string[])["fp32", "int8"])
        {
            using var model = LoadedModel.Load(
                new ModelChoice
                {
                    Folder = folder,
                    Precision = precision,
                    Threads = 1,
                    IsSaliencyOptional = true,
                }
            );
            Assert.Equal(precision, model.Precision);
        }
    }

    [Fact]
    public void An_int8_encoder_alone_is_named_int8()
    {
        var folder = Path.Combine(scratch.Path, "alone");
        var int8 = Calibrated(File.ReadAllBytes(EfficientSamGraphs.Encoder));
        var report = EfficientSamImport.Run(int8, null, EfficientSamGraphs.Decoder, "alone", folder, 1);
        Assert.EndsWith("(int8, CPU)", report.Single(t => t.Name == "time here").Value);
        Assert.Equal("int8", ModelBundle.Open(folder).Manifest.Graphs[0].Precision);
    }

    [Fact]
    public void An_int8_encoder_of_no_known_calibration_or_of_other_weights_is_refused()
    {
        string fp32 = EfficientSamGraphs.Encoder,
            decoder = EfficientSamGraphs.Decoder,
            int8 = Calibrated(File.ReadAllBytes(fp32));
        Assert.Contains("does not say which images it was calibrated on", Import(fp32, decoder, int8: fp32));
        Assert.Contains("is int8 already", Import(int8, decoder, int8: int8));
        var other = Calibrated(OnnxGraph.EfficientSamEncoder(cells: 8, channels: 32).ToBytes(), "other.onnx");
        Assert.Contains("0.8 is required: name the int8 form of the same encoder", Import(fp32, decoder, int8: other));
        Assert.False(Directory.Exists(Path.Combine(scratch.Path, "bundle")));
    }

    /// <summary>The file of a graph with what <c>quantise</c> writes into its metadata.</summary>
    private string Calibrated(byte[] graph, string name = "int8.onnx") =>
        scratch.Write(
            name,
            OnnxGraph.WithMetadata(OnnxGraph.WithMetadata(graph, "calibration_images", "40"), "calibration_from", "photographs of pallets")
        );

    /// <summary>A decoder for 3 x 3 cells.</summary>
    private static OnnxGraph Decoder(int maskSide) => OnnxGraph.EfficientSamDecoder(cells: 3, maskSide, 0.1f, 0.9f, 0.2f);

    private string Import(string encoder, string decoder, string name = "bundle", string? int8 = null)
    {
        try
        {
            EfficientSamImport.Run(encoder, int8, decoder, name, Path.Combine(scratch.Path, name), 1);
            return "";
        }
        catch (OperatingException e)
        {
            return e.Message;
        }
    }
}
