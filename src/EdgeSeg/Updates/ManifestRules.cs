using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using EdgeSeg.Vision;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Updates;

/// <summary>What every manifest must keep to, whoever signed it: bounds, plain file names, nothing that belongs to another action.</summary>
internal static class ManifestRules
{
    public const string Install = "install",
        Pause = "pause",
        Abort = "abort",
        Keys = "keys";

    /// <summary>The first fault, as the end of a sentence; null: none.</summary>
    public static string? Fault(Manifest m)
    {
        if (m.Type != Manifest.TypeName)
            return $"its type is not '{Manifest.TypeName}'";
        if (m.V != 1)
            return $"it is of version {m.V}, this edgeseg reads 1";
        if (m.Action is not (Install or Pause or Abort or Keys))
            return $"its action is none of {Install}, {Pause}, {Abort}, {Keys}";
        if (m.Serial is < 1 or > UpdateLimits.MaxSerial)
            return $"its serial is not within 1..{UpdateLimits.MaxSerial}";
        if (m.Expires <= m.Issued)
            return "it expires before it was issued";
        if ((m.Action == Install) != (m.Bundle is not null))
            return $"a bundle belongs to the action {Install}, and to it only";
        if ((m.Action == Keys) != (m.Keys is not null))
            return $"keys belong to the action {Keys}, and to it only";
        if (m.Rollout is { } r && (!(r.Percent is >= 0 and <= 100) || r.Salt.Length is 0 or > VisionLimits.MaxIdLength))
            return "its roll-out needs 0..100 percent and a salt";
        return m.Bundle is { } bundle ? Fault(bundle)
            : m.Keys is { } keys ? Fault(keys)
            : null;
    }

    private static string? Fault(BundleInfo b)
    {
        if (!Identifier.IsValid(b.Name))
            return "the bundle's name is not made of 1 to 64 of a-z, 0-9 and -";
        if (b.Version < 1)
            return "the bundle's version is below 1";
        if (
            b.Url.Length > UpdateLimits.MaxUrlLength
            || !Uri.TryCreate(b.Url, UriKind.Absolute, out var url)
            || !b.Url.EndsWith('/')
            || url.UserInfo.Length + url.Query.Length + url.Fragment.Length > 0
        )
            return "the bundle's url is not an absolute address of a folder, ending with a slash";
        if (b.Files.Count is 0 or > UpdateLimits.MaxBundleFiles)
            return $"the bundle does not have 1..{UpdateLimits.MaxBundleFiles} files";
        foreach (var f in b.Files)
        {
            if (f is null)
                return "a file is null";
            if (f.Name == SlotStore.SumsName)
                return $"{SlotStore.SumsName} is a name that devices use themselves";
            if (!IsPlainName(f.Name) || f.Name == SlotStore.SumsName || f.Name.Contains(PartFile.Suffix, StringComparison.Ordinal))
                return "a file's name is not a plain one, or is taken";
            if (f.Bytes is < 1 or > VisionLimits.MaxGraphBytes)
                return $"{f.Name} is not of 1..{VisionLimits.MaxGraphBytes} bytes";
            if (f.Sha256.Length != 64 || !f.Sha256.All(char.IsAsciiHexDigitLower))
                return $"{f.Name} has no SHA-256";
        }

        if (b.Files.Select(f => f.Name).Distinct(StringComparer.Ordinal).Count() != b.Files.Count)
            return "a file is named twice";
        if (b.Files.All(f => f.Name != ModelBundle.ManifestName))
            return $"the bundle has no {ModelBundle.ManifestName}";
        if (b.Bytes > UpdateLimits.MaxBundleBytes)
            return $"the bundle has more than {UpdateLimits.MaxBundleBytes} bytes";
        if (b.Compatible.Machines.Count > UpdateLimits.MaxBundleFiles || b.Compatible.Boards.Count > UpdateLimits.MaxBundleFiles)
            return "it names too many machines or boards";
        if (
            b
                .Compatible.Machines.Concat(b.Compatible.Boards)
                .Any(n => n is null || n.Length is 0 or > UpdateLimits.MaxFileNameLength || n.Any(char.IsControl))
        )
            return $"a machine's or board's name does not have 1..{UpdateLimits.MaxFileNameLength} printable characters";
        if (
            b.Quality.Count > UpdateLimits.MaxQualityFigures
            || b.Quality.Any(q => q.Key.Length is 0 or > VisionLimits.MaxIdLength || !double.IsFinite(q.Value))
        )
            return $"its quality is not at most {UpdateLimits.MaxQualityFigures} finite figures with names";
        if (!IsVersion(b.Compatible.MinEdgeseg) || !IsVersion(b.Compatible.MinRuntime))
            return "a least version is not made of numbers and dots";
        return Fault(b.Canary, b) ?? Fault(b.Live);
    }

    private static string? Fault(CanaryTerms c, BundleInfo b)
    {
        if (b.Files.All(f => f.Name != c.Cases))
            return "the canary's cases are not among the files";
        if (!(c.MinIou is >= 0.5 and <= 1))
            return "the canary's least IoU is not within 0.5..1";
        if (!(c.MaxLatencyRatio is > 0 and <= 100))
            return "the canary's latency ratio is not within 0..100";
        return c.MaxMemoryMib is < 64 or > 65_536 ? "the canary's memory is not within 64..65536 MiB" : null;
    }

    private static string? Fault(LiveTerms l)
    {
        if (l.Frames is < 1 or > UpdateLimits.MaxLiveFrames)
            return $"the live frames are not within 1..{UpdateLimits.MaxLiveFrames}";
        if (!(l.FoundRateDrop is >= 0 and <= 1) || !(l.PredictedIouDrop is >= 0 and <= 1) || !(l.AreaFactor is >= 1 and <= 1000))
            return "a live margin is out of its range";
        return l.WaitS is < 1 or > 30 * 86_400 ? "the live wait is not within a second and 30 days" : null;
    }

    private static string? Fault(KeySetInfo k)
    {
        if (k.Number < 2)
            return "the number of a new key set is at least 2";
        if (k.Keys.Count is 0 or > ConfigurationLimits.MaxTrustedKeys)
            return $"there are not 1..{ConfigurationLimits.MaxTrustedKeys} keys";
        if (k.Revoked.Count > UpdateLimits.MaxRevokedKeys)
            return $"more than {UpdateLimits.MaxRevokedKeys} keys are revoked";
        if (k.Revoked.Any(r => r is null || r.Length != 32 || !r.All(char.IsAsciiHexDigitLower)))
            return "what it revokes is not the id of a key";
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pem in k.Keys)
        {
            if (pem is null || pem.Length > UpdateLimits.MaxKeyBytes || TrustedKey.TryRead(pem, out var problem) is not { } key)
                return "a key is not a P-256 public key in PEM form";
            if (!ids.Add(key.Id))
                return "a key is named twice";
        }

        return k.Threshold < 1 || k.Threshold > ids.Except(k.Revoked).Count()
            ? "the threshold is not within 1 and the number of keys that are not revoked"
            : null;
    }

    public static bool IsPlainName(string name) =>
        name.Length is > 0 and <= UpdateLimits.MaxFileNameLength
        && name[0] != '.'
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static bool IsVersion(string text) => text.Length is > 0 and <= 32 && text.All(c => char.IsAsciiDigit(c) || c == '.');
}
