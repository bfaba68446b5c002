using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Release;

/// <summary>The result of packing.</summary>
internal sealed record Packed(Manifest Manifest, int Cases, double Agreement, IReadOnlyList<string> Dropped);

/// <summary>
/// Makes a folder for a static web server from a bundle on an operator's disk, with a manifest to sign.
/// </summary>
internal static class Packing
{
    private const string CasesName = "canary.json";

    /// <exception cref="OperatingException">The bundle is damaged, no photograph makes a case, or the folder cannot be
    /// written.</exception>
    public static Packed Run(PackOrder order, Action<int, int> progress)
    {
        if (File.Exists(order.Place) || (Directory.Exists(order.Place) && Directory.EnumerateFileSystemEntries(order.Place).Any()))
            throw new OperatingException($"{order.Place} is there already and not an empty folder: choose another with --out", 2);
        var bundle = ModelBundle.Open(order.Folder);
        foreach (var graph in bundle.Manifest.Graphs)
            bundle.Read(graph);
        var photos = Named(order.Photos);
        var maker = new CanaryMaker(order.Folder, order.Canary.MinIou, progress);
        maker.Run(photos, Precisions(bundle));
        var isNew = !Directory.Exists(order.Place);
        try
        {
            Directory.CreateDirectory(order.Place);
            CopyBundle(bundle, order);
            foreach (var (path, name) in photos.Where(p => maker.Cases.Any(c => c.Image == p.Name)))
                File.Copy(path, Path.Combine(order.Place, name));
            var cases = JsonSerializer.SerializeToUtf8Bytes(new CanaryCases { Cases = maker.Cases }, UpdateJson.Default.CanaryCases);
            if (cases.Length > UpdateLimits.MaxCanaryCaseBytes)
                throw new OperatingException(
                    $"the canary's masks have {cases.Length} bytes, more than "
                        + $"{UpdateLimits.MaxCanaryCaseBytes}: name fewer or smaller photographs with "
                        + "--images"
                );
            File.WriteAllBytes(Path.Combine(order.Place, CasesName), cases);
            var manifest = Describe(bundle, order, maker.Agreement);
            new ReleaseFolder(order.Place).WriteManifest(manifest);
            return new Packed(manifest, maker.Cases.Count, maker.Agreement, maker.Dropped);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperatingException)
        {
            // an incomplete release must not be served
            if (isNew && Directory.Exists(order.Place))
                Directory.Delete(order.Place, recursive: true);
            throw e is OperatingException
                ? e
                : new OperatingException($"{order.Place} cannot be written ({e.Message}): choose another folder with --out");
        }
    }

    /// <summary>Plain names, whatever the photographs are called.</summary>
    private static (string Path, string Name)[] Named(IReadOnlyList<string> photos) =>
        [.. photos.Select((path, i) => (path, $"canary-{i + 1}{Path.GetExtension(path).ToLowerInvariant()}"))];

    /// <summary>The finest one first: the others are compared with it.</summary>
    private static string[] Precisions(ModelBundle bundle) =>
        [.. bundle.Manifest.Graphs.Select(g => g.Precision).Distinct().OrderBy(p => p == "fp32" ? 0 : 1)];

    private static void CopyBundle(ModelBundle bundle, PackOrder order)
    {
        foreach (var name in bundle.Manifest.Graphs.Select(g => g.File).Distinct(StringComparer.Ordinal))
            File.Copy(Path.Combine(bundle.Folder, name), Path.Combine(order.Place, name));
        var from = Path.Combine(bundle.Folder, ModelBundle.ManifestName);
        var to = Path.Combine(order.Place, ModelBundle.ManifestName);
        if (order.Version is not { } version || version == bundle.Manifest.Version)
        {
            File.Copy(from, to);
            return;
        }

        // as JSON, not as a record: unknown members are kept
        var json = JsonNode.Parse(File.ReadAllBytes(from))!;
        json["version"] = version;
        using var stream = File.Create(to);
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteTo(writer);
    }

    private static Manifest Describe(ModelBundle bundle, PackOrder order, double agreement) =>
        order.Issue.Manifest(ManifestRules.Install) with
        {
            Rollout = order.Rollout,
            Bundle = new BundleInfo
            {
                Name = bundle.Manifest.Name,
                Version = order.Version ?? bundle.Manifest.Version,
                Url = order.Url,
                Files = [.. Directory.GetFiles(order.Place).Order(StringComparer.Ordinal).Select(ReleaseFolder.Describe)],
                Compatible = order.Compatible,
                Quality = new Dictionary<string, double>(order.Quality) { ["precision_agreement"] = Math.Round(agreement, 4) },
                Canary = order.Canary with { Cases = CasesName },
                Live = order.Live,
            },
        };
}
