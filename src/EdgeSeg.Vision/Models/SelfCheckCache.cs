using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// Results of <see cref="SelfCheck"/>, so that the next start need not repeat it: a text file with a line (key, tab, IoU) for each model,
/// runtime, provider (with its GPU) and processor. When the file cannot be read or written, the check is repeated.
/// </summary>
/// <param name="folder">Of the file; null: nothing is kept.</param>
internal sealed class SelfCheckCache(string? folder)
{
    private const string FileName = "self-checks.tsv";

    /// <summary>Largest file of results, in bytes; a larger one is replaced.</summary>
    private const int MaxBytes = 64 << 10;

    private string? Path => folder is null ? null : System.IO.Path.Combine(folder, FileName);

    public static string Key(string modelHash, string runtime, string provider, string cpuInfo) =>
        string.Join(' ', modelHash, runtime, provider, Processor(cpuInfo));

    /// <summary>The IoU that was measured under this key; null: not yet.</summary>
    public double? Find(string key)
    {
        foreach (var line in Lines())
        {
            if (
                line.Split('\t') is [var k, var iou]
                && k == key
                && double.TryParse(iou, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            )
                return value;
        }

        return null;
    }

    public void Keep(string key, double iou)
    {
        // the service manager creates the folder; the cache does not
        if (Path is null || !Directory.Exists(folder))
            return;
        try
        {
            var lines = Lines()
                .Where(l => !l.StartsWith(key + "\t", StringComparison.Ordinal))
                .Append($"{key}\t{iou.ToString("R", CultureInfo.InvariantCulture)}\n");
            AtomicFile.WriteFile(Path, Encoding.UTF8.GetBytes(string.Join('\n', lines)), "self-checks");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // the next start checks again
        }
    }

    private string[] Lines()
    {
        try
        {
            var file = Path is null ? null : FinalFile.Of(Path);
            return file is { Exists: true, Length: <= SelfCheckCache.MaxBytes } ? File.ReadAllLines(file.FullName) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>
    /// Twelve hex digits of a hash of the first processor's model and features, by which ONNX Runtime chooses its kernels.
    /// </summary>
    private static string Processor(string cpuInfo)
    {
        string[] fields = ["model name", "flags", "Features", "CPU implementer", "CPU part", "CPU variant"];
        var lines = cpuInfo.Split('\n').TakeWhile(l => l.Length > 0).Where(l => fields.Any(f => l.StartsWith(f, StringComparison.Ordinal)));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))[..12];
    }
}
