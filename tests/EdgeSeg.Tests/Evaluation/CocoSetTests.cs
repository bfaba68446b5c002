using System.Text;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Evaluation;

/// <summary>COCO files as exporters write them: what is sound is read, the rest is counted by reason.</summary>
public sealed class CocoSetTests : IDisposable
{
    private const string Square = """[[2, 2, 6, 2, 6, 6, 2, 6]]""";
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("[[2, 2, 6, 2, 6, 6, 2, 6]]", 16)]
    [InlineData("[2, 2, 6, 2, 6, 6, 2, 6]", 16)]
    [InlineData("[[[2, 2], [6, 2], [6, 6], [2, 6]]]", 16)]
    [InlineData("[[2, 2], [6, 2], [6, 6], [2, 6]]", 16)]
    [InlineData("""[["2.0", "2", "6", "2", "6", "6", "2", "6"]]""", 16)]
    [InlineData("[[2, 2, 6, 2, 6, 6, 2, 6], [0, 0, 1, 0, 1, 1, 0, 1], [3, 3]]", 17)]
    [InlineData("""{"size": [8.0, 10.0], "counts": [3.0, 5, 72]}""", 5)]
    [InlineData("""{"size": [8, 10], "counts": "35X2"}""", 5)]
    public void Segmentations_are_read_in_every_form(string segmentation, int area)
    {
        var set = Read(Annotation(segmentation));
        Assert.Empty(set.Unused);
        var mask = new BinaryMask();
        Assert.Single(set.Annotations).Rasterise(set.Images[0], new RunLength(), mask);
        Assert.Equal(area, mask.Area());
    }

    [Theory]
    [InlineData("null", "annotation without segmentation")]
    [InlineData("[]", "annotation without segmentation")]
    [InlineData("[[]]", "polygon of fewer than three points")]
    [InlineData("[[1, 1, 1, 1]]", "polygon of fewer than three points")]
    [InlineData("[[NaN, 2, 6, 2, 6, 6]]", "polygon with values that are not coordinates")]
    [InlineData("[[1e30, 2, 6, 2, 6, 6]]", "polygon with values that are not coordinates")]
    [InlineData("true", "segmentation that is neither polygons nor RLE")]
    [InlineData("[true]", "segmentation that is neither polygons nor RLE")]
    [InlineData("""{"size": [8, 10], "counts": null}""", "RLE without counts")]
    [InlineData("""{"size": [8, 10], "counts": [1.5]}""", "RLE with counts that are not whole numbers")]
    [InlineData("""{"size": [8], "counts": "a"}""", "RLE without size")]
    [InlineData("""{"counts": "a"}""", "RLE without size")]
    public void What_cannot_be_used_is_counted_and_the_rest_is_kept(string segmentation, string reason)
    {
        var set = Read($"{Annotation(segmentation)}, {Annotation(Square)}");
        Assert.Equal([new(reason, 1)], set.Unused);
        Assert.Single(set.Annotations);
    }

    [Theory]
    [InlineData("20261126123456789")]
    [InlineData("\"a\"")]
    [InlineData("1.0")]
    public void Ids_may_be_large_or_text(string id)
    {
        var set = ReadFile(
            $$"""
            {"images": [{"id": {{id}}, "file_name": "a.jpg"}],
             "annotations": [{"id": {{id}}, "image_id": {{id}}, "category_id": {{id}}, "segmentation": {{Square}}}]}
            """
        );
        Assert.Equal(0, Assert.Single(set.Annotations).ImageId);
        Assert.Equal((0, 0), (set.Images[0].Width, set.Images[0].Height));
        Assert.StartsWith("category ", Assert.Single(set.Categories).Name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("true", 1)]
    [InlineData("1", 1)]
    [InlineData("false", 0)]
    [InlineData("null", 0)]
    [InlineData("0.0", 0)]
    public void Iscrowd_may_be_a_bool(string value, int expected) =>
        Assert.Equal(
            expected,
            Assert.Single(Read(Annotation(Square, $", \"iscrowd\": {value}, \"area\": NaN, \"score\": -Infinity")).Annotations).IsCrowd
        );

    [Fact]
    public void A_name_may_be_a_url_a_foreign_path_or_missing()
    {
        File.WriteAllText(Path.Combine(scratch.Path, "b.jpg"), "");
        var set = ReadFile(
            """
            {"annotations": [], "categories": [{"id": 1}, {"id": 1, "name": "x"}, {}], "images": [
              {"id": 1, "coco_url": "https://example.org/val/b.jpg?x=1"}, {"id": 2, "file_name": "C:\\data\\b.jpg"},
              {"id": 3, "file_name": "/home/ann/b.jpg"}, {"id": 4, "file_name": null}, {"id": 4, "file_name": ""}, {"file_name": "b.jpg"},
              {"id": 1, "file_name": "b.jpg"}]}
            """
        );
        Assert.All(set.Images, image => Assert.Equal(Path.Combine(scratch.Path, "b.jpg"), image.PathIn(scratch.Path)));
        Assert.Equal(3, set.Images.Count);
        Assert.Equal(
            [
                new("category with the id of an earlier one", 1),
                new("category without id", 1),
                new("image with the id of an earlier one", 1),
                new("image without file_name or coco_url", 2),
                new("image without id", 1),
            ],
            set.Unused
        );
    }

    [Theory]
    [InlineData("[]", "no lists 'images' and 'annotations'")]
    [InlineData("{\"images\": 3, \"annotations\": []}", "no lists 'images' and 'annotations'")]
    [InlineData("{\"images\": [],\n \"annotations\": [}", "line 2, byte 18")]
    [InlineData("", "is not valid JSON")]
    public void Another_file_is_refused_with_the_reason(string content, string reason) =>
        Assert.Contains(reason, Assert.Throws<OperatingException>(() => ReadFile(content)).Message);

    [Fact]
    public void Text_that_is_not_valid_is_counted_and_the_rest_is_kept()
    {
        var json = $$"""
            {"images": [{"id": 1, "file_name": "a.jpg", "kind": "\ud800"}, {"id": 1, "file_name": "a.jpg"},
              {"id": 2, "file_name": "?.jpg"}, {"id": 3, "file_name": "\ud800.jpg"}, {"id": 4, "file_name": "a\u0000.jpg"}],
             "categories": [{"id": 1, "name": "?"}, {"id": 1, "name": "cup"}],
             "annotations": [{{Annotation(Square)}}, {"id": 2, "image_id": "?", "segmentation": {{Square}}}]}
            """;
        var set = CocoSet.Read(scratch.Write("coco.json", [.. Encoding.UTF8.GetBytes(json).Select(b => b == '?' ? (byte)0xE4 : b)]));
        Assert.Equal(["a.jpg"], set.Images.Select(i => i.FileName));
        Assert.Equal(["cup"], set.Categories.Select(c => c.Name));
        Assert.Single(set.Annotations);
        Assert.Equal(
            [
                new("annotation with text that is not valid UTF-8", 1),
                new("category with text that is not valid UTF-8", 1),
                new("image with a zero byte in its name", 1),
                new("image with text that is not valid UTF-8", 3),
            ],
            set.Unused
        );
    }

    private static string Annotation(string segmentation, string more = "") =>
        $$"""{"id": 1, "image_id": 1, "category_id": 1, "segmentation": {{segmentation}}{{more}}}""";

    private CocoSet Read(string annotations) =>
        ReadFile($$"""{"images": [{"id": 1, "file_name": "a.jpg", "width": 10, "height": 8}], "annotations": [{{annotations}}]}""");

    private CocoSet ReadFile(string json)
    {
        var file = Path.Combine(scratch.Path, "coco.json");
        File.WriteAllText(file, json);
        return CocoSet.Read(file);
    }
}
