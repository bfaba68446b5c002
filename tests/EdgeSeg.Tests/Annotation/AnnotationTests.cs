using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using Xunit;

namespace EdgeSeg.Annotation;

public sealed class AnnotationTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Folders_globs_lists_and_paths_name_photographs()
    {
        foreach (var name in (string[])["a.jpg", "b/c.PNG", "b/d.jpg", "b/notes.md", ".hidden.jpg"])
            scratch.Write(name, [1]);
        Assert.Equal(["a.jpg", "b/c.PNG", "b/d.jpg"], Names(scratch.Path));
        Assert.Equal(["a.jpg"], Names(scratch.Path + "/*.jpg"));
        Assert.Equal(["a.jpg", "b/d.jpg"], Names(scratch.Path + "/**/*.jpg"));
        scratch.Write("list.txt", "# chosen\nb/d.jpg\n\na.jpg\n"u8.ToArray());
        Assert.Equal(["a.jpg", "b/d.jpg"], Names(scratch.Path + "/list.txt"));
        Assert.Equal(["a.jpg"], Names(scratch.Path + "/a.jpg"));
        Assert.Contains("names no photograph", Assert.Throws<OperatingException>(() => Names(scratch.Path + "/*.gif")).Message);
    }

    [Fact]
    public void Shards_are_disjoint_stable_and_all_of_the_list()
    {
        Photo[] photos = [.. Enumerable.Range(0, 1000).Select(i => new Photo($"p{i:0000}.jpg", ""))];
        var shards = Enumerable.Range(1, 7).Select(i => PhotoList.Shard(photos, i, 7).ToArray()).ToArray();
        Assert.Equal(photos.Select(p => p.Name), shards.SelectMany(s => s).Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.All(shards, s => Assert.InRange(s.Length, 90, 200));
        // further photographs move none of those that are there
        Photo[] more = [.. photos, .. Enumerable.Range(0, 500).Select(i => new Photo($"q{i}.jpg", ""))];
        Assert.Equal(shards[2], PhotoList.Shard(more, 3, 7).Where(p => p.Name[0] == 'p'));
    }

    [Fact]
    public void A_journal_that_was_cut_off_keeps_its_whole_lines_and_the_last_of_a_photograph_counts()
    {
        using (var journal = new AnnotationJournal(scratch.Path))
        {
            journal.Add(new("a.jpg", "/x/a.jpg") { Fault = "unreadable" });
            journal.Add(
                new("b.jpg", "/x/b.jpg")
                {
                    Width = 4,
                    Height = 3,
                    Objects = [new("cat", 0.5, 2, [1, 2, 2, 1], "abc")],
                }
            );
        }
        File.AppendAllText(Path.Combine(scratch.Path, AnnotationJournal.FileName), "{\"name\":\"c.j");
        using (var journal = new AnnotationJournal(scratch.Path))
            journal.Add(new("a.jpg", "/x/a.jpg") { Width = 9, Height = 9 });
        var photos = AnnotationJournal.Read(scratch.Path).ToArray();
        Assert.Equal(["b.jpg", "a.jpg"], photos.Select(p => p.Name));
        Assert.Equal("", photos[1].Fault);
        Assert.Equal("cat", Assert.Single(photos[0].Objects).Label);
        Assert.Equal([1, 2, 2, 1], photos[0].Objects[0].Box);
    }

    [Theory]
    [InlineData(
        "d.json",
        """[{"image_id": "a.jpg", "bbox": [10, 20, 30, 40], "category_id": 3, "score": 0.9}, {"bbox": [1, 2, 3, 4]}, 7]""",
        "3"
    )]
    [InlineData(
        "d.json",
        """
            {"images": [{"id": 5, "file_name": "a.jpg"}], "categories": [{"id": 3, "name": "cat"}],
             "annotations": [{"image_id": 5, "category_id": 3, "bbox": [10, 20, 30, 40]},
                         {"image_id": 5, "bbox": [1, 1, 0, 4]}, {"image_id": 5}]}
            """,
        "cat"
    )]
    [InlineData("d.csv", "file,x0,y0,x1,y1,label\n\"a.jpg\",10,20,40,60,cat\nb.jpg,nothing\nb.jpg,9,9,9,9\n", "cat")]
    public void Boxes_are_read_from_coco_and_csv(string name, string content, string label)
    {
        var boxes = BoxPrompts.Read(scratch.Write(name, System.Text.Encoding.UTF8.GetBytes(content)));
        Assert.Equal(2, boxes.Unusable);
        Assert.Equal([label], boxes.Labels);
        var (box, own) = Assert.Single(boxes.Of(new Photo("sub/a.jpg", "/data/sub/a.jpg")));
        Assert.Equal(new Box(10, 20, 40, 60), box);
        Assert.Equal(label, own);
        Assert.Empty(boxes.Unused);
    }

    [Fact]
    public void A_yolo_polygon_keeps_parts_and_holes()
    {
        var mask = MaskSamples.Blobs();
        var rings = Polygon.Trace(mask, 0).Rings;
        Assert.True(rings.Count > 2);
        var filled = new BinaryMask();
        filled.Reset(mask.Width, mask.Height);
        Polygon.Fill([new Ring(false, YoloExport.Joined(rings))], filled);
        Assert.Equal(1, BinaryMask.Iou(mask, filled), 3);
    }

    private static IEnumerable<string> Names(string input) => PhotoList.Find([input]).Select(p => p.Name);
}
