using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// Outcomes of <see cref="SelfCheck"/> that are kept, so that a start does not pay for one again: a text file with a line (key, tab, IoU) for each model, runtime,
/// provider (with its GPU) and processor. A file that cannot be read or written costs a check, nothing else.
/// </summary>
/// <param name="folder">Of the file; null: nothing is kept.</param>
internal sealed class SelfCheckCache(string? folder)
{
    private const string FileName = "self-checks.tsv";

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
        // the service manager makes the folder; where it did not, none is left about
        if (Path is null || !Directory.Exists(folder))
            return;
        try
        {
            // whole or not at all
            var draft = Path + ".part";
            File.WriteAllLines(
                draft,
                Lines()
                    .Where(l => !l.StartsWith(key + "\t", StringComparison.Ordinal))
                    .Append($"{key}\t{iou.ToString("R", CultureInfo.InvariantCulture)}")
            );
            File.Move(draft, Path, overwrite: true);
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
            var file = Path is null ? null : new FileInfo(Path);
            return file is { Exists: true, Length: <= VisionLimits.MaxVerdictBytes } ? File.ReadAllLines(file.FullName) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Twelve hex digits of what the kernel tells of the first processor's make and features: kernels are chosen by them.</summary>
    private static string Processor(string cpuInfo)
    {
        string[] told = ["model name", "flags", "Features", "CPU implementer", "CPU part", "CPU variant"];
        var lines = cpuInfo.Split('\n').TakeWhile(l => l.Length > 0).Where(l => told.Any(t => l.StartsWith(t, StringComparison.Ordinal)));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))[..12];
    }
}
