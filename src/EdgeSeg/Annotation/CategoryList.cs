using System.Globalization;

namespace EdgeSeg.Annotation;

/// <param name="Id">Its number in COCO files.</param>
/// <param name="Name">Unique.</param>
internal sealed record Category(int Id, string Name);

/// <summary>
/// The categories of a file of boxes: those that it declares, with their ids and in their order, then all others that it names, sorted. The
/// list depends on the file alone, so that all shards of a run agree.
/// </summary>
internal sealed class CategoryList
{
    private readonly List<(string Id, string Name)> declared = [];
    private readonly Dictionary<string, string> nameById = new(StringComparer.Ordinal);
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly HashSet<string> others = new(StringComparer.Ordinal);

    public void Declare(string id, string? name)
    {
        if (nameById.ContainsKey(id))
            return;
        var unique = name is { Length: > 0 } ? name : id;
        if (!names.Add(unique))
            names.Add(unique = $"{unique} ({id})");
        nameById[id] = unique;
        declared.Add((id, unique));
    }

    /// <summary>The category's name, for the id or the label of an entry.</summary>
    public string NameOf(string idOrLabel)
    {
        var name = nameById.GetValueOrDefault(idOrLabel, idOrLabel);
        if (!names.Contains(name))
            others.Add(name);
        return name;
    }

    /// <summary>Ids that are whole numbers stay; the others follow on the greatest.</summary>
    public IReadOnlyList<Category> All()
    {
        var rest = others.Select(o => (Id: o, Name: o)).OrderBy(o => Whole(o.Id) ?? int.MaxValue).ThenBy(o => o.Id, StringComparer.Ordinal);
        (string Id, string Name)[] all = [.. declared, .. rest];
        var taken = new HashSet<int>();
        int?[] ids = [.. all.Select(c => Whole(c.Id) is { } id && taken.Add(id) ? id : (int?)null)];
        var next = taken.Count == 0 ? 1 : taken.Max() + 1;
        return [.. all.Select((c, i) => new Category(ids[i] ?? next++, c.Name))];
    }

    private static int? Whole(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id < int.MaxValue ? id : null;
}
