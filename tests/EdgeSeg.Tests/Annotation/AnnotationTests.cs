using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using Xunit;

namespace EdgeSeg.Annotation;

public sealed class AnnotationTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

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
}
