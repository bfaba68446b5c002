using System.Text;
using System.Text.Json;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Evaluation;

/// <summary>Figures on a set whose right answers are known by construction.</summary>
public sealed class EvaluatorTests : IDisposable
{
    private const int Width = 80,
        Height = 40;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Known_masks_give_known_figures()
    {
        // the model always answers: left half (predicted IoU .9), all (.5), nothing (.1); its saliency is the left half
        using var evaluator = Evaluate(
            Object("thing", "[[0,0,40,0,40,40,0,40]]"), // the left half, as a polygon: IoU 1
            Object("thing", RunLengths((x, _) => x < 20)), // a quarter: IoU .5 with the left half
            Object("rest", RunLengths((x, _) => x >= 40)), // the right half: IoU 0; the best of three is the whole, .5
            Object("salient", RunLengths((x, _) => x < 60), "salient")
        ); // three quarters: IoU 2/3
        evaluator.Run(null, (_, _) => { }, default);
        Assert.Empty(evaluator.Failures);
        var thing = evaluator.Sets["thing"];
        Assert.Equal(2, thing.Count);
        Assert.Equal(0.75, thing.Click, 1e-9);
        Assert.Equal(0.75, thing.Box, 1e-9);
        Assert.True(double.IsNaN(thing.Auto));
        Assert.Equal((0.0, 0.5), (evaluator.Sets["rest"].Click, evaluator.Sets["rest"].ClickBest));
        var salient = evaluator.Sets["salient"];
        Assert.Equal(2 / 3.0, salient.Auto, 1e-9);
        // precision 1, recall 2/3 at every threshold: F = 1.3 * 2/3 / (0.3 + 2/3)
        Assert.Equal(1.3 * (2 / 3.0) / (0.3 + 2 / 3.0), salient.SaliencyMaxF, 1e-3);
        Assert.Equal(0.25, salient.SaliencyMae, 0.01);
        Assert.Equal(4, evaluator.Overall.Count);
    }

    [Fact]
    public void Ignored_pixels_do_not_count()
    {
        using var evaluator = Evaluate(
            Object("thing", RunLengths((x, _) => x < 20)),
            Object("thing", RunLengths((x, _) => x is >= 20 and < 40), crowd: 1)
        );
        evaluator.Run(null, (_, _) => { }, default);
        Assert.Equal(1, evaluator.Sets["thing"].Click, 1e-9);
    }

    [Fact]
    public void Uncompressed_counts_are_read()
    {
        using var evaluator = Evaluate(
            Object("thing", $$"""{"size":[{{Height}},{{Width}}],"counts":[0,{{40 * Height}},{{40 * Height}}]}""")
        );
        evaluator.Run(null, (_, _) => { }, default);
        Assert.Equal(1, evaluator.Sets["thing"].Click, 1e-9);
    }

    [Fact]
    public void A_mask_of_another_size_is_counted_and_left_out()
    {
        using var evaluator = Evaluate(Object("thing", """{"size":[9,9],"counts":"0"}"""));
        evaluator.Run(null, (_, _) => { }, default);
        Assert.Equal([new("RLE of another size than its picture", 1)], evaluator.Set.Unused);
        Assert.Empty(evaluator.Failures);
        Assert.Equal(0, evaluator.Overall.Count);
    }

    [Fact]
    public void A_mask_found_where_there_is_no_object_is_counted()
    {
        foreach (
            var (imageKind, objects) in ((string, (string, string)[])[])
                [(",\"kind\":\"none\"", []), ("", [Object("nothing", "[]", "none")])]
        )
        {
            using var evaluator = Evaluate(true, imageKind, objects);
            evaluator.Run(null, (_, _) => { }, default);
            Assert.Empty(evaluator.Failures);
            Assert.Equal((1, 1, 0), (evaluator.EmptyPhotos, evaluator.EmptyFound, evaluator.Overall.Count));
        }
    }

    [Fact]
    public void Zoomed_answers_are_measured_with_their_passes()
    {
        // a click's mask is the left half, whose crop (0..52) is looked at; the box of the truth enlarged 1.5 times is 12..54 x 0..40 (48
        // pixels at least); its left half is 12..33
        using var evaluator = Evaluate(true, "", Object("thing", RunLengths((x, y) => x is >= 20 and < 48 && y is >= 10 and < 30)));
        evaluator.Run(null, (_, _) => { }, default);
        Assert.Equal((1.0, 2.0), (evaluator.Passes["box"].Average(), evaluator.Passes["click"].Average()));
        double both = (34 - 20) * 20,
            either = (34 - 10) * 40 + 28 * 20 - both;
        Assert.Equal(both / either, evaluator.Sets["thing"].Box, 0.03);
    }

    [Fact]
    public void The_deepest_pixel_is_the_first_farthest_from_the_edge()
    {
        var mask = new BinaryMask();
        mask.Reset(20, 9);
        for (var y = 2; y < 7; y++)
            mask.SetRun(y, 3, 12);
        // 5 rows high: depth 3 along the middle row from the third column on
        Assert.Equal(new Click(5.5f, 4.5f), Evaluator.DeepestPixel(mask));
        // the picture's own edge counts: a full picture's deepest pixel is its middle
        mask.Reset(7, 7);
        for (var y = 0; y < 7; y++)
            mask.SetRun(y, 0, 7);
        Assert.Equal(new Click(3.5f, 3.5f), Evaluator.DeepestPixel(mask));
    }

    private static (string Category, string Annotation) Object(string category, string segmentation, string? kind = null, int crowd = 0) =>
        (
            category,
            $$"""{"segmentation":{{segmentation}},"iscrowd":{{crowd}}{{(kind is null ? "" : $",\"kind\":\"{kind}\"")}},"""
                + """ "image_id":1,"category_id":"""
        );

    private static string RunLengths(Func<int, int, bool> inside)
    {
        var mask = new BinaryMask();
        mask.Reset(Width, Height);
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
                mask[x, y] = inside(x, y);
        }

        var counts = new System.Buffers.ArrayBufferWriter<byte>();
        Assert.True(new RunLength().TryEncode(mask, counts));
        return $$"""{"size":[{{Height}},{{Width}}],"counts":{{JsonSerializer.Serialize(Encoding.ASCII.GetString(counts.WrittenSpan))}}}""";
    }

    private Evaluator Evaluate(params (string Category, string Annotation)[] objects) => Evaluate(false, "", objects);

    /// <param name="isZoomOn">Off: the figures of the model's own masks.</param>
    /// <param name="imageKind">JSON members of the photograph.</param>
    /// <param name="objects">Annotations.</param>
    private Evaluator Evaluate(bool isZoomOn, string imageKind, params (string Category, string Annotation)[] objects)
    {
        using (var picture = new Mat(Height, Width, MatType.CV_8UC3, Scalar.All(80)))
            Cv2.ImWrite(Path.Combine(scratch.Path, "p.png"), picture);
        var names = objects.Select(o => o.Category).Distinct().ToList();
        var json = $$"""
            {"images":[{"id":1,"file_name":"p.png","width":{{Width}},"height":{{Height}}{{imageKind}}}],
             "categories":[{{string.Join(',', names.Select((n, i) => $$"""{"id":{{i + 1}},"name":"{{n}}"}"""))}}],
             "annotations":[{{string.Join(
                ',',
                objects.Select((o, i) => $"{o.Annotation}{names.IndexOf(o.Category) + 1},\"id\":{i + 1}}}")
            )}}]}
            """;
        var file = scratch.Write("coco.json", Encoding.UTF8.GetBytes(json));
        // 40x20 logits: the edge of the left half lies between two of them, so halves are exact at 80x40
        float[] half = [.. Enumerable.Range(0, 800).Select(i => i % 40 < 20 ? 8f : -8f)],
            all = [.. Enumerable.Repeat(8f, 800)],
            none = [.. Enumerable.Repeat(-8f, 800)];
        var graph = OnnxGraph.SqueezeSam(80, 40, [.. half, .. all, .. none], [0.9f, 0.5f, 0.1f], half, 40, 20);
        var model = LoadedModel.Load(OnnxGraph.Bundle(graph.ToBytes(), Path.Combine(scratch.Path, "model")));
        return new Evaluator(model, new CocoPhotos(CocoSet.Read(file), scratch.Path), isZoomOn);
    }
}
