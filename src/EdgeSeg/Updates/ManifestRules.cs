using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Updates;

/// <summary>
/// The rules for every manifest, whatever its signatures: bounds, plain file names, nothing that belongs to another action.
/// </summary>
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
            return $"it has version {m.V}, this edgeseg reads 1";
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
        if (m.Rollout is { } r && Fault(r) is { } fault)
            return fault;
        return m.Bundle is { } bundle ? Fault(bundle)
            : m.Keys is { } keys ? Fault(keys)
            : null;
    }

    public static bool IsPlainName(string name) =>
        name.Length is > 0 and <= UpdateLimits.MaxFileNameLength
        && name[0] != '.'
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static string? Fault(Rollout r)
    {
        if (!(r.Percent is >= 0 and <= 100) || r.Salt.Length is 0 or > Identifier.MaxLength)
            return "its roll-out needs 0..100 percent and a salt";
        if (r.Devices is { } devices && !AreIds(devices, UpdateLimits.MaxRolloutDevices))
            return $"its roll-out does not name 1..{UpdateLimits.MaxRolloutDevices} different device ids";
        return r.Tags is { } tags && !AreIds(tags, UpdateLimits.MaxTags)
            ? $"its roll-out does not name 1..{UpdateLimits.MaxTags} different tags of a-z, 0-9 and -"
            : null;
    }

    private static bool AreIds(IReadOnlyList<string> ids, int most) =>
        ids.Count >= 1
        && ids.Count <= most
        && ids.All(i => i is not null && Identifier.IsValid(i))
        && ids.Distinct(StringComparer.Ordinal).Count() == ids.Count;

    private static string? Fault(BundleInfo b)
    {
        if (!Identifier.IsValid(b.Name))
            return $"the bundle's name does not consist of 1 to {Identifier.MaxLength} of a-z, 0-9 and -";
        if (b.Version < 1)
            return "the bundle's version is below 1";
        if (!IsFolder(b.Url))
            return "the bundle's url is not an absolute address without spaces whose path ends with a slash";
        if (b.Files.Count is 0 or > UpdateLimits.MaxBundleFiles)
            return $"the bundle does not have 1..{UpdateLimits.MaxBundleFiles} files";
        foreach (var file in b.Files)
        {
            if (Fault(file) is { } fault)
                return fault;
        }

        if (b.Files.Select(f => f.Name).Distinct(StringComparer.Ordinal).Count() != b.Files.Count)
            return "a file is named twice";
        if (b.Files.All(f => f.Name != ModelBundle.ManifestName))
            return $"the bundle has no {ModelBundle.ManifestName}";
        if (b.Bytes > UpdateLimits.MaxBundleBytes)
            return $"the bundle has more than {UpdateLimits.MaxBundleBytes} bytes";
        if (
            b.Quality.Count > UpdateLimits.MaxQualityFigures
            || b.Quality.Any(q => q.Key.Length is 0 or > Identifier.MaxLength || !double.IsFinite(q.Value))
        )
            return $"its quality does not consist of at most {UpdateLimits.MaxQualityFigures} named finite figures";
        return Fault(b.Compatible) ?? Fault(b.Canary, b) ?? Fault(b.Live);
    }

    private static string? Fault(BundleFile? f)
    {
        if (f is null)
            return "a file is null";
        if (f.Name == SlotStore.SumsName)
            return $"{SlotStore.SumsName} is a name that devices use themselves";
        if (!IsPlainName(f.Name) || f.Name.Contains(PartFile.Suffix, StringComparison.Ordinal))
            return "the name of a file is not a plain one, or is reserved";
        if (f.Bytes is < 1 or > ModelBundle.MaxGraphBytes)
            return $"{f.Name} does not have 1..{ModelBundle.MaxGraphBytes} bytes";
        return f.Sha256.Length != 64 || !f.Sha256.All(char.IsAsciiHexDigitLower) ? $"{f.Name} has no SHA-256" : null;
    }

    private static string? Fault(Compatible c)
    {
        if (c.Machines.Count > UpdateLimits.MaxBundleFiles || c.Boards.Count > UpdateLimits.MaxBundleFiles)
            return "it names too many machines or boards";
        if (c.Machines.Concat(c.Boards).Any(n => n is null || n.Length is 0 or > UpdateLimits.MaxFileNameLength || n.Any(char.IsControl)))
            return $"the name of a machine or board does not have 1..{UpdateLimits.MaxFileNameLength} printable characters";
        return IsVersion(c.MinEdgeseg) && IsVersion(c.MinRuntime) ? null : "a lowest version does not consist of numbers and dots";
    }

    private static string? Fault(CanaryTerms c, BundleInfo b)
    {
        if (b.Files.All(f => f.Name != c.Cases))
            return "the canary's cases are not among the files";
        if (!(c.MinIou is >= 0.5 and <= 1))
            return "the canary's lowest IoU is not within 0.5..1";
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
        if (k.Number is < 2 or > UpdateLimits.MaxKeySetNumber)
            return $"the number of a key set is not within 2..{UpdateLimits.MaxKeySetNumber}";
        if (k.Keys.Count is 0 or > ConfigurationLimits.MaxTrustedKeys)
            return $"it does not have 1..{ConfigurationLimits.MaxTrustedKeys} keys";
        if (k.Revoked.Count > UpdateLimits.MaxRevokedKeys)
            return $"more than {UpdateLimits.MaxRevokedKeys} keys are revoked";
        if (k.Revoked.Any(r => r is null || r.Length != 32 || !r.All(char.IsAsciiHexDigitLower)))
            return "what it revokes is not the id of a key";
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pem in k.Keys)
        {
            if (pem is null || pem.Length > UpdateLimits.MaxKeyBytes || TrustedKey.TryRead(pem, out _) is not { } key)
                return "a key is not a P-256 public key in PEM form";
            if (!ids.Add(key.Id))
                return "a key is named twice";
        }

        return k.Threshold < 1 || k.Threshold > ids.Except(k.Revoked).Count()
            ? "the threshold is not within 1 and the number of keys that are not revoked"
            : null;
    }

    /// <summary>An absolute address of a folder, with or without a query.</summary>
    private static bool IsFolder(string address) =>
        address.Length <= UpdateLimits.MaxUrlLength
        && !address.Any(c => char.IsWhiteSpace(c) || char.IsControl(c))
        && Uri.TryCreate(address, UriKind.Absolute, out var url)
        && url.AbsolutePath.EndsWith('/')
        && url.UserInfo.Length + url.Fragment.Length == 0
        && !(url.IsFile && url.Query.Length > 0);

    private static bool IsVersion(string text) => text.Length is > 0 and <= 32 && text.All(c => char.IsAsciiDigit(c) || c == '.');
}
