using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Vision.Models;

public sealed class OnnxFileTests
{
    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1\n", "Git LFS pointer")]
    [InlineData("\n<!DOCTYPE html><html></html>", "HTML page")]
    [InlineData("", "is empty")]
    public void A_file_that_is_no_graph_is_named(string content, string reason) =>
        Assert.Contains(reason, Refusal(System.Text.Encoding.UTF8.GetBytes(content)));

    [Fact]
    public void Weights_in_another_file_are_refused_wherever_the_tensor_is()
    {
        // TensorProto: name, raw_data, then external_data with an entry
        byte[] tensor = [.. Field(8, "w"u8), .. Field(9, new byte[300]), .. Field(13, Field(1, "location"u8))];
        byte[] attribute = [.. Field(1, "value"u8), .. Field(5, tensor)];
        byte[] node = [.. Field(4, "Constant"u8), .. Field(5, attribute)];
        byte[] branch = [.. Field(1, "then_branch"u8), .. Field(6, Field(1, node))];
        foreach (var graph in (byte[][])[Field(5, tensor), Field(1, node), [.. Field(5, Field(8, "x"u8)), .. Field(1, Field(5, branch))]])
            Assert.Contains("ONNX external data", Refusal([8, 8, .. Field(2, "maker"u8), .. Field(7, graph)]));
    }

    [Fact]
    public void A_graph_with_its_weights_and_noise_are_left_to_the_runtime()
    {
        OnnxFile.Check([8, 8, .. Field(7, Field(5, [.. Field(8, "w"u8), .. Field(9, new byte[300])]))], "g");
        OnnxFile.Check([8, 8, 0x3A, 0xFF, 0xFF, 0x7F, 1], "g");
        var noise = new byte[500];
        new Random(7).NextBytes(noise);
        OnnxFile.Check(noise, "g");
    }

    private static string Refusal(byte[] bytes) => Assert.Throws<OperatingException>(() => OnnxFile.Check(bytes, "g")).Message;

    /// <summary>A length-delimited protobuf field.</summary>
    private static byte[] Field(int number, ReadOnlySpan<byte> content)
    {
        var length =
            content.Length < 128 ? [(byte)content.Length] : (byte[])[(byte)(content.Length & 0x7F | 0x80), (byte)(content.Length >> 7)];
        return [(byte)(number << 3 | 2), .. length, .. content];
    }
}
