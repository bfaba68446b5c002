using System.Text;
using System.Text.Json;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using Xunit;

namespace EdgeSeg.Messages;

public sealed class MaskMessageTests : IDisposable
{
    private readonly JsonBuffer buffer = new();

    public void Dispose() => buffer.Dispose();

    private JsonElement Write(
        in MaskInfo info,
        Segmentation result,
        byte[] counts,
        PolygonRings polygon = default,
        int maxBytes = MessageLimits.MaxMessageBytes
    )
    {
        var bytes = MaskMessage.Write(buffer, info, result, Samples.Geometry, counts, polygon, maxBytes);
        Assert.True(bytes.SequenceEqual(buffer.Written));
        using var document = JsonDocument.Parse(bytes.ToArray());
        return document.RootElement.Clone();
    }

    [Fact]
    public void A_found_object_has_every_field()
    {
        var json = Write(Samples.MaskInfo("req 1", "a\"b.jpg"), Samples.Found(), Samples.Counts);
        Assert.Equal(1, json.GetProperty("v").GetInt32());
        Assert.Equal("req 1", json.GetProperty("request").GetString());
        Assert.Equal("a\"b.jpg", json.GetProperty("source").GetString());
        Assert.Equal($"{Samples.Session}-front-42", json.GetProperty("frame").GetString());
        Assert.Equal("2026-11-23T10:20:30.456Z", json.GetProperty("captured_utc").GetString());
        Assert.Equal("[640,480]", json.GetProperty("image").GetRawText());
        Assert.Equal(
            """{"source":"auto","clicks":[[100.5,200.25],[101.5,200.25],[102.5,200.25],[103.5,200.25],[104.5,200.25]],"box":null}""",
            json.GetProperty("prompt").GetRawText()
        );
        Assert.Equal("[10,20,30,40]", json.GetProperty("box").GetRawText());
        Assert.Equal("[25.5,40.25]", json.GetProperty("centroid").GetRawText());
        Assert.Equal("[480,640]", json.GetProperty("mask").GetProperty("size").GetRawText());
        Assert.Equal(Encoding.ASCII.GetString(Samples.Counts), json.GetProperty("mask").GetProperty("counts").GetString());
        Assert.Equal(0.8765, json.GetProperty("saliency").GetDouble());
        Assert.Equal("""{"resize":1.25,"decode":33.5}""", json.GetProperty("ms").GetRawText());
        Assert.False(json.TryGetProperty("mask_omitted", out _));
    }

    [Fact]
    public void Nothing_found_is_reported_without_a_mask()
    {
        var json = Write(Samples.MaskInfo(saliency: double.NaN), Samples.Nothing(), []);
        Assert.False(json.GetProperty("found").GetBoolean());
        Assert.Equal("nothing_salient", json.GetProperty("reason").GetString());
        foreach (var name in new[] { "mask", "box", "centroid", "request" })
            Assert.Equal(JsonValueKind.Null, json.GetProperty(name).ValueKind);
        Assert.Equal(0, json.GetProperty("area").GetInt32());
        foreach (var name in new[] { "mask_omitted", "saliency", "source", "polygon" })
            Assert.False(json.TryGetProperty(name, out _), name);
    }

    [Fact]
    public void Counts_grow_only_by_their_backslashes()
    {
        var plain = Write(Samples.MaskInfo(), Samples.Found(), Encoding.ASCII.GetBytes(new string('a', 1000))).GetRawText().Length;
        var special = Write(Samples.MaskInfo(), Samples.Found(), Encoding.ASCII.GetBytes(new string('<', 500) + new string('`', 500)))
            .GetRawText()
            .Length;
        Assert.Equal(plain, special);
    }

    [Theory]
    [InlineData(3000, 1200)]
    [InlineData(1_000_000, 120_000)]
    public void A_mask_that_is_too_large_is_omitted_and_marked_as_such(int countsBytes, int maxBytes)
    {
        var counts = new byte[countsBytes];
        Array.Fill(counts, (byte)'1');
        var json = Write(Samples.MaskInfo(), Samples.Found(), counts, maxBytes: maxBytes);
        Assert.True(buffer.Written.Length <= maxBytes);
        Assert.Equal(JsonValueKind.Null, json.GetProperty("mask").ValueKind);
        Assert.Equal("too_large", json.GetProperty("mask_omitted").GetString());
        Assert.Equal("[10,20,30,40]", json.GetProperty("box").GetRawText());
    }

    [Fact]
    public void Outlines_go_before_the_mask_does()
    {
        var points = new float[4000];
        var rings = new PolygonRings(points, [1000, 1000], [false, true], 1);
        var whole = Write(Samples.MaskInfo(), Samples.Found(), Samples.Counts, rings);
        Assert.Equal(2, whole.GetProperty("polygon").GetProperty("rings").GetArrayLength());
        Assert.Equal(2000, whole.GetProperty("polygon").GetProperty("rings")[1].GetArrayLength());
        Assert.Equal([false, true], whole.GetProperty("polygon").GetProperty("holes").EnumerateArray().Select(h => h.GetBoolean()));
        var cut = Write(Samples.MaskInfo(), Samples.Found(), Samples.Counts, rings, maxBytes: 3000);
        Assert.Equal("too_large", cut.GetProperty("polygon_omitted").GetString());
        Assert.Equal(JsonValueKind.Object, cut.GetProperty("mask").ValueKind);
    }

    [Fact]
    public void Figures_that_are_not_numbers_never_reach_the_wire()
    {
        var result = Samples.Found();
        (result.Score, result.PredictedIou) = (float.NaN, float.PositiveInfinity);
        var json = Write(Samples.MaskInfo(), result, Samples.Counts);
        Assert.Equal(0, json.GetProperty("score").GetDouble());
        Assert.Equal(0, json.GetProperty("predicted_iou").GetDouble());
    }

    [Fact]
    public void Writing_a_mask_message_allocates_nothing_once_warm()
    {
        var info = Samples.MaskInfo("r1");
        var result = Samples.Found();
        var counts = new byte[4000];
        Array.Fill(counts, (byte)'\\');
        Write();
        Assert.Equal(0, Allocations.Least(Write));

        void Write()
        {
            for (var i = 0; i < 1000; i++)
                MaskMessage.Write(buffer, info, result, Samples.Geometry, counts, default, MessageLimits.MaxMessageBytes);
        }
    }
}
