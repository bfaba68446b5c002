using System.Security.Cryptography;
using System.Text.Json;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// A model on disk: a folder with <c>model.json</c> and the ONNX files that it names. A graph's bytes are read once, checked by SHA-256,
/// and given to the runtime from memory, so that exactly the checked bytes are loaded.
/// </summary>
internal sealed class ModelBundle
{
    public const string ManifestName = "model.json";

    /// <summary>Largest model.json, in bytes.</summary>
    public const int MaxManifestBytes = 1 << 20;

    /// <summary>Largest graph file, in bytes.</summary>
    public const long MaxGraphBytes = 1L << 30;

    private static readonly (string Kind, string[] Roles)[] kinds =
    [
        (SqueezeSam.Kind, ["segmenter"]),
        (EfficientSam.Kind, ["encoder", "decoder"]),
    ];

    private ModelBundle(string folder, ModelManifest manifest) => (Folder, Manifest) = (folder, manifest);

    public string Folder { get; }

    public ModelManifest Manifest { get; }

    /// <summary>Reads and checks <c>model.json</c>; every file it names must be there in its stated size.</summary>
    /// <exception cref="OperatingException">What is wrong with the bundle, and the remedy.</exception>
    public static ModelBundle Open(string folder)
    {
        if (!Directory.Exists(folder))
            throw Bad(folder, "is not a folder", "name a folder that holds a model.json with --model or model.dir");
        var path = Path.Combine(folder, ManifestName);
        var file = FinalFile.Of(path);
        if (!file.Exists)
            throw Bad(folder, "holds no model.json", "copy the whole bundle again");
        if (file.Length > ModelBundle.MaxManifestBytes)
            throw Bad(
                folder,
                $"has a model.json of {file.Length} bytes, more than {ModelBundle.MaxManifestBytes}",
                "copy the bundle again"
            );
        ModelManifest manifest;
        try
        {
            manifest =
                JsonSerializer.Deserialize(File.ReadAllBytes(path), ModelJson.Default.ModelManifest)
                ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw Bad(folder, $"has a model.json that cannot be read: {JsonFault.Text(e)}", "copy the bundle again");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Bad(folder, $"has a model.json that cannot be read: {e.Message}", "check its owner and mode");
        }

        var bundle = new ModelBundle(folder, manifest);
        bundle.Check();
        return bundle;
    }

    /// <summary>The precisions of a role, in the manifest's order.</summary>
    public IEnumerable<string> PrecisionsOf(string role) => Manifest.Graphs.Where(g => g.Role == role).Select(g => g.Precision).Distinct();

    public GraphFile Graph(string role, string precision) =>
        Manifest.Graphs.FirstOrDefault(g => g.Role == role && g.Precision == precision)
        ?? throw Bad(
            Folder,
            $"has no {precision} graph for the role {role}",
            $"it has {string.Join(", ", Manifest.Graphs.Select(g => $"{g.Role}/{g.Precision}"))}: choose one of them with model.precision"
        );

    /// <summary>The graph of a role in a precision; where the bundle has the role in one precision only, that one.</summary>
    public GraphFile GraphOrOnly(string role, string precision) =>
        Manifest.Graphs.Where(g => g.Role == role).ToList() is [var only] ? only : Graph(role, precision);

    /// <summary>A graph's bytes, checked against size and SHA-256.</summary>
    public byte[] Read(GraphFile graph)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(Path.Combine(Folder, graph.File));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Bad(Folder, $"has a file {graph.File} that cannot be read ({e.Message})", "copy the bundle again");
        }

        if (bytes.LongLength != graph.Bytes)
            throw Bad(
                Folder,
                $"has a file {graph.File} of {bytes.LongLength} bytes where model.json says {graph.Bytes}",
                "copy the bundle again"
            );
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        return hash == graph.Sha256
            ? bytes
            : throw Bad(
                Folder,
                $"has an altered file {graph.File}: its SHA-256 is {hash[..12]}..., model.json says {graph.Sha256[..12]}...",
                "copy the bundle again"
            );
    }

    private void Check()
    {
        var m = Manifest;
        if (m.SchemaVersion != 1)
            throw Bad(Folder, $"has a model.json of schema version {m.SchemaVersion}", "this edgeseg reads version 1: update edgeseg");
        if (m.Thresholds?.FindWrong() is { } wrong)
            throw Bad(
                Folder,
                $"has thresholds in model.json whose {wrong} is not a number from 0 to 1",
                "measure them again with edgeseg model calibrate"
            );
        var roles =
            Array.Find(kinds, k => k.Kind == m.Kind).Roles
            ?? throw Bad(Folder, $"is of kind '{m.Kind}'", $"this edgeseg runs: {string.Join(", ", kinds.Select(k => k.Kind))}");
        if (m.Graphs.Count == 0)
            throw Bad(Folder, "names no graph", "copy the bundle again");
        if (Array.Find(roles, r => m.Graphs.All(g => g.Role != r)) is { } missing)
            throw Bad(Folder, $"names no graph for the role {missing}", "copy the bundle again");
        foreach (var g in m.Graphs)
        {
            if (g.File.Length == 0 || g.File != Path.GetFileName(g.File) || g.File is "." or "..")
                throw Bad(Folder, $"names a file '{g.File}', which is not a plain file name", "get the bundle from a source you trust");
            if (g.Precision is not ("fp32" or "int8"))
                throw Bad(Folder, $"has a graph of precision '{g.Precision}'", "fp32 and int8 are known");
            if (g.Sha256.Length != 64 || !g.Sha256.All(char.IsAsciiHexDigitLower))
                throw Bad(Folder, $"states no valid SHA-256 for {g.File}", "64 lower-case hex digits are needed");
            if (g.Bytes is <= 0 or > ModelBundle.MaxGraphBytes)
                throw Bad(Folder, $"states {g.Bytes} bytes for {g.File}", $"1 to {ModelBundle.MaxGraphBytes} are allowed");
            if (g.Precision == "int8" && g.Calibration is not { Images: > 0, From.Length: > 0 })
                throw Bad(
                    Folder,
                    $"has an int8 graph {g.File} without the images it was calibrated with",
                    "name them in model.json under calibration; ranges from random data ruin a model"
                );
            var file = FinalFile.Of(Path.Combine(Folder, g.File));
            if (!file.Exists)
                throw Bad(Folder, $"does not contain the file {g.File} that model.json names", "copy the whole bundle again");
            if (file.Length != g.Bytes)
                throw Bad(Folder, $"has a file {g.File} of {file.Length} bytes where model.json says {g.Bytes}", "copy the bundle again");
        }
    }

    internal static OperatingException Bad(string folder, string reason, string remedy) => new($"model bundle {folder} {reason}: {remedy}");
}
