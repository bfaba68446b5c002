using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// The keys in force, the root role of TUF: <see cref="Threshold"/> different ones of them must have signed a manifest.
/// </summary>
/// <param name="Number">Version of the set: each rotation adds one. <see cref="UnknownNumber"/>: keys of the settings whose number is not
/// given.</param>
/// <param name="Threshold">How many different keys must sign.</param>
/// <param name="Keys">The public keys.</param>
/// <param name="Revoked">Ids of keys that are never trusted again.</param>
internal sealed record KeySet(int Number, int Threshold, IReadOnlyList<TrustedKey> Keys, IReadOnlyCollection<string> Revoked)
{
    public const int UnknownNumber = 0;

    public static KeySet Of(KeySetInfo info) =>
        new(info.Number, info.Threshold, [.. info.Keys.Select(k => TrustedKey.TryRead(k, out _)!)], [.. info.Revoked]);

    /// <summary>Reads the *.pem files of a folder. A folder that does not exist holds none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="threshold">How many keys must sign.</param>
    /// <param name="number">Number of the set.</param>
    /// <exception cref="OperatingException">A file is not a key.</exception>
    public static KeySet ReadFolder(string folder, int threshold, int number = UnknownNumber)
    {
        var files = Names(folder);
        if (files.Length > ConfigurationLimits.MaxTrustedKeys)
            throw new OperatingException(
                $"{folder} holds {files.Length} keys, more than {ConfigurationLimits.MaxTrustedKeys}: remove some",
                2
            );
        var keys = new List<TrustedKey>();
        foreach (var file in files)
        {
            var text = Encoding.UTF8.GetString(SettingsFile.ReadBytes(file, UpdateLimits.MaxKeyBytes));
            var key =
                TrustedKey.TryRead(text, out var problem)
                ?? throw new OperatingException($"{file} {problem}: the folder must hold public keys only", 2);
            if (keys.All(k => k.Id != key.Id))
                keys.Add(key);
        }

        return new KeySet(number, threshold, keys, []);
    }

    private static string[] Names(string folder)
    {
        try
        {
            return [.. Directory.GetFiles(folder, "*.pem").Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"the folder of keys {folder} cannot be read ({e.Message}): check its owner and mode", 2);
        }
    }

    /// <summary>Whether both sets have the same keys, whatever their numbers and thresholds.</summary>
    public bool HasKeysOf(KeySet other) => Keys.Select(k => k.Id).ToHashSet().SetEquals(other.Keys.Select(k => k.Id));
}
