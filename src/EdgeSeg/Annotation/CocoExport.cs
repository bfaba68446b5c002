using System.Text.Json;

namespace EdgeSeg.Annotation;

/// <summary>COCO instances: annotations.json with a run-length mask an object, as pycocotools reads it.</summary>
internal sealed class CocoExport(string folder, IReadOnlyList<Category> categories) : AnnotationExport(folder, categories)
{
    public const string FileName = "annotations.json";

    /// <summary>The photographs have no files of their own.</summary>
    public override void Check(IEnumerable<Photo> photos) { }

    public override void Finish(IEnumerable<AnnotatedPhoto> photos) =>
        WriteAtomically(Path.Combine(Folder, FileName), stream => Write(stream, photos.Where(p => p.Fault.Length == 0)));

    private void Write(Stream stream, IEnumerable<AnnotatedPhoto> photos)
    {
        using var w = new Utf8JsonWriter(stream);
        w.WriteStartObject();
        w.WriteStartArray("categories");
        foreach (var (id, name) in Categories)
        {
            w.WriteStartObject();
            w.WriteNumber("id", id);
            w.WriteString("name", name);
            w.WriteEndObject();
        }
        w.WriteEndArray();
        w.WriteStartArray("images");
        var image = 0;
        foreach (var photo in photos)
        {
            w.WriteStartObject();
            w.WriteNumber("id", ++image);
            w.WriteString("file_name", photo.Name);
            w.WriteNumber("width", photo.Width);
            w.WriteNumber("height", photo.Height);
            w.WriteEndObject();
            FlushLarge(w);
        }
        w.WriteEndArray();
        w.WriteStartArray("annotations");
        var number = 0;
        image = 0;
        foreach (var photo in photos)
        {
            image++;
            foreach (var one in photo.Objects)
                Annotation(w, ++number, image, photo, one);
            FlushLarge(w);
        }
        w.WriteEndArray();
        w.WriteEndObject();
    }

    /// <summary>Which object each number of a label map is.</summary>
    public static void WriteLabelMaps(Stream stream, IEnumerable<AnnotatedPhoto> photos)
    {
        using var w = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        w.WriteStartObject();
        foreach (var photo in photos.Where(p => p.Files.Count > 0))
        {
            w.WriteStartArray(photo.Files[0]);
            for (var i = 0; i < photo.Objects.Count; i++)
            {
                w.WriteStartObject();
                w.WriteNumber("id", i + 1);
                w.WriteString("label", photo.Objects[i].Label);
                w.WriteNumber("score", photo.Objects[i].Score);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            FlushLarge(w);
        }
        w.WriteEndObject();
    }

    private void Annotation(Utf8JsonWriter w, int id, int image, AnnotatedPhoto photo, AnnotatedObject one)
    {
        w.WriteStartObject();
        w.WriteNumber("id", id);
        w.WriteNumber("image_id", image);
        w.WriteNumber("category_id", Categories[IndexOf(one.Label)].Id);
        w.WriteNumber("iscrowd", 0);
        w.WriteNumber("area", one.Area);
        w.WriteStartArray("bbox");
        foreach (var v in one.Box)
            w.WriteNumberValue(v);
        w.WriteEndArray();
        w.WriteNumber("score", one.Score);
        w.WriteStartObject("segmentation");
        w.WriteStartArray("size");
        w.WriteNumberValue(photo.Height);
        w.WriteNumberValue(photo.Width);
        w.WriteEndArray();
        w.WriteString("counts", one.Counts);
        w.WriteEndObject();
        w.WriteEndObject();
    }

    /// <summary>The writer keeps what it has written until it is flushed: memory must not grow with the number of photographs.</summary>
    private static void FlushLarge(Utf8JsonWriter w)
    {
        if (w.BytesPending > 1 << 16)
            w.Flush();
    }
}
