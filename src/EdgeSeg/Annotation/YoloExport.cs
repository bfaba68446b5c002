using System.Globalization;
using System.Text;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Annotation;

/// <summary>YOLO segmentation: a text file a photograph, one polygon an object; images/ holds links to the photographs.</summary>
internal sealed class YoloExport(string folder, IReadOnlyList<Category> categories) : AnnotationExport(folder, categories)
{
    private readonly StringBuilder lines = new();

    /// <summary>The format finds a photograph's labels by its name without extension.</summary>
    public override void Check(IEnumerable<Photo> photos)
    {
        base.Check(photos);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var photo in photos)
        {
            var name = WithoutExtension(Picture(photo.Name));
            if (!names.TryAdd(name, photo.Name))
                throw new OperatingException(
                    $"'{names[name]}' and '{photo.Name}' would share the file labels/{name}.txt: rename one, or choose another export"
                );
        }
    }

    public override void Begin(AnnotatedPhoto photo, Mat pixels) => lines.Clear();

    public override void Add(AnnotatedPhoto photo, Mat pixels, AnnotatedObject one, BinaryMask mask)
    {
        var points = Joined(Polygon.Trace(mask).Rings);
        if (points.Count < 3)
            return;
        lines.Append(IndexOf(one.Label));
        foreach (var (x, y) in points)
            lines.Append(CultureInfo.InvariantCulture, $" {x / photo.Width:0.######} {y / photo.Height:0.######}");
        lines.Append('\n');
    }

    public override void End(AnnotatedPhoto photo)
    {
        var picture = Picture(photo.Name);
        Write(photo, $"labels/{WithoutExtension(picture)}.txt", Encoding.UTF8.GetBytes(lines.ToString()));
        Link(Path.Combine(Folder, "images", picture), photo.Path);
        photo.Files.Add($"images/{picture}");
    }

    /// <summary>Without path: the trainer then takes the folder of data.yaml.</summary>
    public override void Finish(IEnumerable<AnnotatedPhoto> photos)
    {
        var text = new StringBuilder("train: images\nval: images\nnames:\n");
        for (var i = 0; i < Categories.Count; i++)
            text.Append(CultureInfo.InvariantCulture, $"  {i}: {Quoted(Categories[i].Name)}\n");
        WriteAtomically(Path.Combine(Folder, "data.yaml"), s => s.Write(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>
    /// A photograph's name below images/. The trainer makes the path of the labels by the last "/images/" in that of the picture, so there
    /// is no other folder of this name; and it knows .jfif only as .jpg.
    /// </summary>
    internal static string Picture(string name)
    {
        var parts = name.Split('/');
        name = string.Join('/', parts.Where((part, i) => i == parts.Length - 1 || part != "images"));
        return name.EndsWith(".jfif", StringComparison.OrdinalIgnoreCase) ? WithoutExtension(name) + ".jpg" : name;
    }

    /// <summary>A text in double quotes, as YAML 1.1 and 1.2 read it.</summary>
    internal static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\')
                quoted.Append('\\').Append(rune);
            else if (rune.Value is >= ' ' and < 0x7F || Rune.IsLetterOrDigit(rune))
                quoted.Append(rune);
            else
                quoted.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}");
        }
        return quoted.Append('"').ToString();
    }

    /// <summary>
    /// All rings as one closed line, which is all that the format knows: from the first vertex to each further ring and back on the same
    /// way. Filled by the even-odd rule it gives the parts and leaves the holes out, since the ways there and back have no area.
    /// </summary>
    internal static List<Vertex> Joined(IReadOnlyList<Ring> rings)
    {
        var line = new List<Vertex>();
        foreach (var ring in rings)
        {
            line.AddRange(ring.Vertices);
            if (rings.Count > 1)
            {
                line.Add(ring.Vertices[0]);
                if (ring != rings[0])
                    line.Add(rings[0].Vertices[0]);
            }
        }
        return line;
    }
}
