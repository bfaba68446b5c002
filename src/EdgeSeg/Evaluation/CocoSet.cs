using System.Text;
using System.Text.Json;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Evaluation;

/// <summary>
/// A COCO instance annotation file (https://cocodataset.org/#format-data), read as the exporters in use write it: ids may be integers of
/// any size or strings, sizes and counts may be floats, <c>iscrowd</c> may be a bool, names and categories may be missing, numbers may be
/// NaN. What cannot be used is left out and counted by reason in <see cref="Unused"/>; the rest stays usable. Ids of this type are
/// positions in its lists, whatever the file's own ids are.
/// </summary>
internal sealed class CocoSet
{
    private readonly SortedDictionary<string, int> unused = new(StringComparer.Ordinal);
    private readonly List<CocoImage> images = [];
    private readonly List<CocoAnnotation> annotations = [];
    private readonly List<CocoCategory> categories = [];
    private readonly Dictionary<string, int> imageIndex = new(StringComparer.Ordinal),
        categoryIndex = new(StringComparer.Ordinal);

    public IReadOnlyList<CocoImage> Images => images;

    public IReadOnlyList<CocoAnnotation> Annotations => annotations;

    /// <summary>Every category that the file declares or an annotation names.</summary>
    public IReadOnlyList<CocoCategory> Categories => categories;

    /// <summary>How many entries were left out, by reason.</summary>
    public IReadOnlyDictionary<string, int> Unused => unused;

    /// <exception cref="OperatingException">The file is missing, not JSON or not a COCO instance annotation file.</exception>
    public static CocoSet Read(string path)
    {
        try
        {
            var info = FinalFile.Of(path);
            if (info.Exists && info.Length > EvaluationLimits.MaxAnnotationBytes)
                throw new OperatingException(
                    $"{path}: has {info.Length >> 20} MiB, more than {EvaluationLimits.MaxAnnotationBytes >> 20} MiB: split the file",
                    2
                );
            var bytes = File.ReadAllBytes(path);
            ReplaceNonNumbers(bytes);
            var start = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
            using var document = JsonDocument.Parse(bytes.AsMemory(start));
            return new CocoSet(path, document.RootElement);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException(
                $"{path}: cannot be read ({e.Message}): name a COCO instance annotation file with --annotations",
                2
            );
        }
        catch (InvalidOperationException)
        {
            throw new OperatingException($"{path}: the names of its lists are not valid UTF-8: save the file as UTF-8", 2);
        }
        catch (JsonException e)
        {
            throw new OperatingException(
                $"{path}: is not valid JSON from line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} on: "
                    + "name a COCO instance annotation file with --annotations",
                2
            );
        }
    }

    private CocoSet(string path, JsonElement root)
    {
        if (
            root.ValueKind != JsonValueKind.Object
            || !IsList(root, "images", out var imageList)
            || !IsList(root, "annotations", out var list)
        )
            throw new OperatingException(
                $"{path}: is not a COCO instance annotation file: it has no lists 'images' and 'annotations' (a list of results is none)",
                2
            );
        foreach (var image in imageList.EnumerateArray())
            Add(AddImage, image, "image");
        if (IsList(root, "categories", out var categoryList))
            foreach (var category in categoryList.EnumerateArray())
                Add(AddCategory, category, "category");
        foreach (var annotation in list.EnumerateArray())
            Add(AddAnnotation, annotation, "annotation");
    }

    /// <summary>Text that is not valid is found only when it is read.</summary>
    private void Add(Action<JsonElement> add, JsonElement entry, string what)
    {
        try
        {
            add(entry);
        }
        catch (InvalidOperationException)
        {
            Count($"{what} with text that is not valid UTF-8");
        }
    }

    /// <summary>Counts an entry that could not be used.</summary>
    public void Count(string reason) => unused[reason] = unused.GetValueOrDefault(reason) + 1;

    private void AddImage(JsonElement image)
    {
        if (image.ValueKind != JsonValueKind.Object || CocoValue.Key(image, "id") is not { } id)
        {
            Count("image without id");
            return;
        }
        var name = CocoValue.Text(image, "file_name") ?? CocoValue.Text(image, "coco_url");
        var kind = CocoValue.Text(image, "kind");
        if (string.IsNullOrEmpty(name))
            Count("image without file_name or coco_url");
        else if (name.Contains('\0'))
            Count("image with a zero byte in its name");
        else if (!imageIndex.TryAdd(id, images.Count))
            Count("image with the id of an earlier one");
        else
            images.Add(new(images.Count, name, CocoValue.Whole(image, "width") ?? 0, CocoValue.Whole(image, "height") ?? 0, kind));
    }

    private void AddCategory(JsonElement category)
    {
        if (category.ValueKind != JsonValueKind.Object || CocoValue.Key(category, "id") is not { } id)
            Count("category without id");
        else if (CocoValue.Text(category, "name") is var name && categoryIndex.TryAdd(id, categories.Count))
            categories.Add(new(categories.Count, name ?? $"category {id}"));
        else if (name != categories[categoryIndex[id]].Name)
            Count("category with the id of an earlier one");
    }

    private void AddAnnotation(JsonElement annotation)
    {
        if (annotation.ValueKind != JsonValueKind.Object)
        {
            Count("annotation that is not an object");
            return;
        }
        if (CocoValue.Key(annotation, "image_id") is not { } imageId || !imageIndex.TryGetValue(imageId, out var image))
        {
            Count("annotation that names no image of the file");
            return;
        }
        var kind = CocoValue.Text(annotation, "kind");
        var hasSegmentation = annotation.TryGetProperty("segmentation", out var segmentation);
        var parsed = CocoSegmentation.Parse(hasSegmentation ? segmentation : default, out var problem);
        if (parsed is null && kind != Evaluator.Empty)
        {
            Count(problem);
            return;
        }
        var categoryId = CocoValue.Key(annotation, "category_id");
        if (!categoryIndex.TryGetValue(categoryId ?? "", out var category))
        {
            category = categories.Count;
            categoryIndex[categoryId ?? ""] = category;
            categories.Add(new(category, categoryId is null ? "no category" : $"category {categoryId}"));
        }
        annotations.Add(
            new()
            {
                Id = CocoValue.Key(annotation, "id") ?? $"#{annotations.Count + 1}",
                ImageId = image,
                CategoryId = category,
                IsCrowd = CocoValue.Truth(annotation, "iscrowd") ? 1 : 0,
                Kind = kind,
                Segmentation = parsed,
            }
        );
    }

    private static bool IsList(JsonElement root, string name, out JsonElement list) =>
        root.TryGetProperty(name, out list) && list.ValueKind == JsonValueKind.Array;

    /// <summary>
    /// Python writes NaN, Infinity and -Infinity, which JSON does not know. Outside of strings they become the empty string, of the same
    /// length with spaces, which is not a number for the reader of the value.
    /// </summary>
    public static void ReplaceNonNumbers(Span<byte> json)
    {
        var isText = false;
        for (var i = 0; i < json.Length; i++)
        {
            if (json[i] == '"')
                isText = !isText;
            else if (isText && json[i] == '\\')
                i++;
            else if (!isText && json[i] is (byte)'N' or (byte)'I' or (byte)'-')
                foreach (var word in (ReadOnlySpan<string>)["NaN", "Infinity", "-Infinity"])
                {
                    if (!isText && Encoding.ASCII.GetBytes(word) is var bytes && json[i..].StartsWith(bytes))
                    {
                        json.Slice(i, word.Length).Fill((byte)' ');
                        json[i] = json[i + 1] = (byte)'"';
                        i += word.Length - 1;
                        break;
                    }
                }
        }
    }
}

/// <param name="Id">Its position in <see cref="CocoSet.Images"/>.</param>
/// <param name="FileName">As the file names it: a name, a path or a URL.</param>
/// <param name="Width">Pixels; 0 where the file does not state it.</param>
/// <param name="Height">Pixels; 0 where the file does not state it.</param>
/// <param name="Kind"><c>none</c> marks a photograph without an object; our own addition to the format.</param>
internal sealed record CocoImage(int Id, string FileName, int Width, int Height, string? Kind = null)
{
    /// <summary>
    /// The photograph in a folder: the path unchanged, with slashes for backslashes, or its last part alone. Files are often written on
    /// another machine, with that machine's folders in the name. The first path where nothing is found.
    /// </summary>
    public string PathIn(string folder)
    {
        var name = FileName.Replace('\\', '/');
        var last = name.Split('?')[0].TrimEnd('/');
        string[] places =
        [
            Path.Combine(folder, FileName),
            Path.Combine(folder, name),
            Path.Combine(folder, last[(last.LastIndexOf('/') + 1)..]),
        ];
        return Array.Find(places, File.Exists) ?? places[0];
    }
}

/// <param name="Id">Its position in <see cref="CocoSet.Categories"/>.</param>
/// <param name="Name">The file's, or one made of the file's id.</param>
internal sealed record CocoCategory(int Id, string Name);
