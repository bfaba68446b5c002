using System.Text;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Annotation;

/// <summary>
/// A form of training set. The files of a photograph are written with it; what lists them all is written at the end, from the journal.
/// </summary>
internal abstract class AnnotationExport(string folder, IReadOnlyList<Category> categories)
{
    private readonly Dictionary<string, int> index = categories.Select((c, i) => (c.Name, i)).ToDictionary(p => p.Name, p => p.i);

    /// <summary>File systems allow 255 bytes; results have up to 20 more than their photograph.</summary>
    private const int MaxNameBytes = 235;

    public static readonly string[] Kinds = ["coco", "yolo-seg", "labelmap", "cutout"];

    /// <summary>The first parts of the names of all files that this program writes into an output folder.</summary>
    public static readonly string[] OwnNames =
    [
        AnnotationSettings.FileName,
        AnnotationJournal.FileName,
        CocoExport.FileName,
        "data.yaml",
        "labels.json",
        "labels",
        "images",
        "labelmaps",
        "cutouts",
    ];

    protected string Folder { get; } = folder;

    protected IReadOnlyList<Category> Categories { get; } = categories;

    /// <summary>The place of a label in <see cref="Categories"/>, from 0.</summary>
    protected int IndexOf(string label) => index[label];

    public static AnnotationExport Of(string kind, string folder, IReadOnlyList<Category> categories) =>
        kind switch
        {
            "coco" => new CocoExport(folder, categories),
            "yolo-seg" => new YoloExport(folder, categories),
            "labelmap" => new LabelMapExport(folder, categories),
            "cutout" => new CutoutExport(folder, categories),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not an export"),
        };

    /// <summary>Refuses photographs whose files cannot have their names: a name is too long, or two are one.</summary>
    /// <exception cref="OperatingException">Of the first such photograph.</exception>
    public virtual void Check(IEnumerable<Photo> photos)
    {
        foreach (var photo in photos)
        {
            if (Encoding.UTF8.GetByteCount(Path.GetFileName(photo.Name)) > MaxNameBytes)
                throw new OperatingException(
                    $"'{photo.Path}' has a name of more than {MaxNameBytes} bytes: rename it, or use --export coco"
                );
        }
    }

    /// <summary>A photograph begins.</summary>
    public virtual void Begin(AnnotatedPhoto photo, Mat pixels) { }

    /// <summary>One object of it; the mask belongs to the caller.</summary>
    public virtual void Add(AnnotatedPhoto photo, Mat pixels, AnnotatedObject one, BinaryMask mask) { }

    /// <summary>The photograph's files are written, and named in it.</summary>
    public virtual void End(AnnotatedPhoto photo) { }

    /// <summary>Writes what lists all photographs.</summary>
    public virtual void Finish(IEnumerable<AnnotatedPhoto> photos) { }

    /// <summary>A file of a photograph: made with its folders, and named in <see cref="AnnotatedPhoto.Files"/>.</summary>
    protected void Write(AnnotatedPhoto photo, string file, byte[] content)
    {
        WriteAtomically(Path.Combine(Folder, file), stream => stream.Write(content));
        photo.Files.Add(file);
    }

    /// <summary>The file has its name only when it is whole.</summary>
    protected static void WriteAtomically(string path, Action<Stream> write) => Make(path, () => AtomicFile.Replace(path, write));

    /// <summary>A link to a file, or a copy where the file system has no links.</summary>
    /// <exception cref="OperatingException">Neither can be made.</exception>
    public static void Link(string path, string target) =>
        Make(
            path,
            () =>
            {
                File.Delete(path);
                try
                {
                    File.CreateSymbolicLink(path, target);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    File.Copy(target, path);
                }
            }
        );

    /// <summary>Makes a file's folders and the file.</summary>
    /// <exception cref="OperatingException">It cannot be made.</exception>
    public static void Make(string path, Action make)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            make();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{path}: cannot be written ({e.Message}): free space there, or choose another folder with --out");
        }
    }

    protected static byte[] Png(string file, Mat picture) =>
        Cv2.ImEncode(".png", picture, out var bytes) ? bytes : throw new OperatingException($"{file}: OpenCV cannot encode the picture");

    protected static string WithoutExtension(string name) => name[..^Path.GetExtension(name).Length];
}

/// <summary>A 16-bit PNG a photograph, 0 the background and 1..n the objects; labels.json says what each number is.</summary>
internal sealed unsafe class LabelMapExport(string folder, IReadOnlyList<Category> categories) : AnnotationExport(folder, categories)
{
    private ushort[] map = [];
    private ushort next;

    public override void Begin(AnnotatedPhoto photo, Mat pixels)
    {
        map = new ushort[photo.Width * photo.Height];
        next = 0;
    }

    public override void Add(AnnotatedPhoto photo, Mat pixels, AnnotatedObject one, BinaryMask mask)
    {
        next++;
        for (var y = one.Box[1]; y < one.Box[1] + one.Box[3]; y++)
        {
            var row = map.AsSpan(y * photo.Width, photo.Width);
            for (var x = one.Box[0]; x < one.Box[0] + one.Box[2]; x++)
            {
                // objects come surest first: a pixel belongs to the first that has it
                if (row[x] == 0 && mask[x, y])
                    row[x] = next;
            }
        }
    }

    public override void End(AnnotatedPhoto photo)
    {
        using var picture = new Mat(photo.Height, photo.Width, MatType.CV_16UC1);
        for (var y = 0; y < photo.Height; y++)
            map.AsSpan(y * photo.Width, photo.Width).CopyTo(new Span<ushort>((void*)picture.Ptr(y), photo.Width));
        var file = $"labelmaps/{photo.Name}.png";
        Write(photo, file, Png(file, picture));
    }

    public override void Finish(IEnumerable<AnnotatedPhoto> photos) =>
        WriteAtomically(Path.Combine(Folder, "labels.json"), stream => CocoExport.WriteLabelMaps(stream, photos));
}

/// <summary>A PNG with alpha an object: its pixels, cut to its box, all else transparent.</summary>
internal sealed unsafe class CutoutExport(string folder, IReadOnlyList<Category> categories) : AnnotationExport(folder, categories)
{
    public override void Add(AnnotatedPhoto photo, Mat pixels, AnnotatedObject one, BinaryMask mask)
    {
        using var cutout = new Mat(one.Box[3], one.Box[2], MatType.CV_8UC4, Scalar.All(0));
        for (var y = 0; y < one.Box[3]; y++)
        {
            var from = new ReadOnlySpan<byte>((void*)pixels.Ptr(one.Box[1] + y), photo.Width * 3);
            var to = new Span<byte>((void*)cutout.Ptr(y), one.Box[2] * 4);
            for (var x = 0; x < one.Box[2]; x++)
            {
                if (!mask[one.Box[0] + x, one.Box[1] + y])
                    continue;
                from.Slice((one.Box[0] + x) * 3, 3).CopyTo(to[(x * 4)..]);
                to[x * 4 + 3] = byte.MaxValue;
            }
        }
        var file = $"cutouts/{photo.Name}-{photo.Objects.Count}.png";
        Write(photo, file, Png(file, cutout));
    }
}
