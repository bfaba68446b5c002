using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// Installed bundles: a folder <c>slots/NAME-VERSION-HASH/</c> each, never changed after it was made, and the link <c>active</c> to the one
/// that serves (no link: the bundle shipped with the program). HASH is that of the slot's <c>SHA256SUMS</c>, which <c>sha256sum -c</c>
/// reads, so a slot's name covers every byte in it. <c>incoming/</c> holds what is being fetched; nothing in it ever serves.
/// </summary>
internal sealed class SlotStore
{
    public const string SumsName = "SHA256SUMS";
    private const int HashDigits = 32;

    private readonly string root,
        link,
        slots,
        incoming,
        trash;

    /// <param name="folder">state_dir/models; created when something is written.</param>
    public SlotStore(string folder)
    {
        root = Path.GetFullPath(folder);
        (link, slots, incoming, trash) = (
            Path.Combine(root, "active"),
            Path.Combine(root, "slots"),
            Path.Combine(root, "incoming"),
            Path.Combine(root, "trash")
        );
    }

    public string Root => root;

    /// <summary>The slot that the link names, whether it is intact or not; null: none.</summary>
    public string? Active =>
        new FileInfo(link).LinkTarget is { } target && IsSlotName(Path.GetFileName(target)) ? Path.GetFileName(target) : null;

    public IReadOnlyList<string> Slots =>
        Directory.Exists(slots)
            ? [.. Directory.GetDirectories(slots).Select(p => Path.GetFileName(p)).Where(IsSlotName).Order(StringComparer.Ordinal)]
            : [];

    /// <summary>The name of the slot for a bundle: the same content has the same name, whatever its manifest.</summary>
    public static string NameOf(BundleInfo bundle) => $"{bundle.Name}-{bundle.Version}-{Hash(Sums(bundle.Files))}";

    public string Folder(string slot) => Path.Combine(slots, Checked(slot));

    public string Incoming(string slot) => Path.Combine(incoming, Checked(slot));

    public bool Has(string slot) => Directory.Exists(Folder(slot));

    /// <summary>Creates the folders.</summary>
    public void Prepare()
    {
        foreach (var folder in new[] { root, slots, incoming, trash })
            Directory.CreateDirectory(folder);
        AtomicFile.SyncFolder(root);
    }

    /// <summary>Whether a slot holds exactly the files that its name covers, byte for byte.</summary>
    public bool IsIntact(string slot, out string problem) => Check(Folder(slot), slot, out problem);

    /// <summary>Checks what was fetched once more as it is on the disk, and moves it to its slot in one step.</summary>
    /// <exception cref="UpdateException">What was fetched is not intact.</exception>
    public void Stage(string slot, BundleInfo bundle)
    {
        if (Has(slot) && IsIntact(slot, out _))
            return;
        var from = Incoming(slot);
        foreach (var extra in Directory.GetFiles(from).Where(p => bundle.Files.All(f => f.Name != Path.GetFileName(p))))
            File.Delete(extra);
        AtomicFile.WriteFile(Path.Combine(from, SumsName), Sums(bundle.Files), "sums");
        foreach (var file in bundle.Files)
            AtomicFile.SyncFile(Path.Combine(from, file.Name));
        FailPoint.Hit("stage:synced");
        AtomicFile.SyncFolder(from);
        if (!Check(from, slot, out var problem))
        {
            Discard(from);
            throw new UpdateException(UpdateReason.WrongHash, $"what was fetched is not intact: {problem}", retry: true);
        }

        if (Has(slot))
            Discard(Folder(slot));
        FailPoint.Hit("stage:unnamed");
        AtomicFile.Rename(from, Folder(slot));
        AtomicFile.SyncFolder(incoming);
        FailPoint.Hit("stage:done");
    }

    /// <summary>This slot serves from now on; null: the shipped bundle. One step on the disk.</summary>
    public void Activate(string? slot)
    {
        if (slot is null)
            AtomicFile.Delete(link);
        else
            AtomicFile.Link(link, Path.Combine("slots", slot), "link");
    }

    /// <summary>The slots that serve, that a rollback needs, and that an update is about.</summary>
    public IReadOnlyList<string> Needed(UpdateState state) => [.. new[] { Active, state.Former, state.Slot }.OfType<string>().Distinct()];

    /// <summary>Removes all other slots and what was fetched for them. Returns the bytes that were freed.</summary>
    public long Collect(IReadOnlyCollection<string> keep)
    {
        long freed = 0;
        foreach (var folder in Directory.Exists(slots) ? Directory.GetDirectories(slots) : [])
        {
            if (keep.Contains(Path.GetFileName(folder)))
                continue;
            freed += Size(folder);
            Discard(folder);
        }

        foreach (var folder in Directory.Exists(incoming) ? Directory.GetDirectories(incoming) : [])
        {
            if (keep.Contains(Path.GetFileName(folder)))
                continue;
            freed += Size(folder);
            Discard(folder);
        }

        foreach (var left in Directory.Exists(trash) ? Directory.GetDirectories(trash) : [])
            Directory.Delete(left, recursive: true);
        return freed;
    }

    public void Discard(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        // under its name it is either complete or gone
        Directory.CreateDirectory(trash);
        var aside = Path.Combine(trash, Path.GetFileName(folder) + "." + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)));
        AtomicFile.Rename(folder, aside);
        FailPoint.Hit("discard:aside");
        Directory.Delete(aside, recursive: true);
    }

    public static long Size(string folder) => new DirectoryInfo(folder).EnumerateFiles().Sum(f => f.Length);

    public static bool IsSlotName(string name)
    {
        var hash = name.LastIndexOf('-');
        var version = hash > 0 ? name.LastIndexOf('-', hash - 1) : -1;
        return version > 0
            && name.Length - hash - 1 == HashDigits
            && name[(hash + 1)..].All(char.IsAsciiHexDigitLower)
            && int.TryParse(name.AsSpan(version + 1, hash - version - 1), out _)
            && Identifier.IsValid(name.AsSpan(0, version));
    }

    /// <summary>Name and version of a slot.</summary>
    public static (string Name, int Version) Parts(string slot)
    {
        var parts = slot.Split('-');
        return (string.Join('-', parts[..^2]), int.Parse(parts[^2], System.Globalization.CultureInfo.InvariantCulture));
    }

    private static string Checked(string slot) =>
        IsSlotName(slot) ? slot : throw new ArgumentException($"'{slot}' is not the name of a slot", nameof(slot));

    private static byte[] Sums(IEnumerable<BundleFile> files) =>
        Encoding.ASCII.GetBytes(string.Concat(files.OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => $"{f.Sha256}  {f.Name}\n")));

    private static string Hash(ReadOnlySpan<byte> sums) => Convert.ToHexStringLower(SHA256.HashData(sums))[..HashDigits];

    private static bool Check(string folder, string slot, out string problem)
    {
        problem = "";
        try
        {
            var sums = Path.Combine(folder, SumsName);
            if (!File.Exists(sums) || FinalFile.Of(sums).Length > ModelBundle.MaxManifestBytes)
                return Bad($"it has no {SumsName}", out problem);
            var text = File.ReadAllBytes(sums);
            if (!slot.EndsWith("-" + Hash(text), StringComparison.Ordinal))
                return Bad($"its {SumsName} is altered", out problem);
            var named = new HashSet<string>(StringComparer.Ordinal) { SumsName };
            foreach (var line in Encoding.ASCII.GetString(text).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var (sum, name) = (line[..64], line[66..]);
                named.Add(name);
                using var file = File.OpenRead(Path.Combine(folder, name));
                if (Convert.ToHexStringLower(SHA256.HashData(file)) != sum)
                    return Bad($"{name} is altered", out problem);
            }

            return Directory.EnumerateFileSystemEntries(folder).FirstOrDefault(p => !named.Contains(Path.GetFileName(p))) is not { } extra
                || Bad($"{Path.GetFileName(extra)} does not belong to it", out problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Bad(e.Message, out problem);
        }

        static bool Bad(string why, out string problem)
        {
            problem = why;
            return false;
        }
    }
}
