using System.Globalization;
using EdgeSeg.Updates;

namespace EdgeSeg.Cli;

/// <summary>A manifest as operators are shown it, before they sign and when they check.</summary>
internal static class ReleaseText
{
    public static void Print(Manifest m)
    {
        Line("action", m.Action);
        if (m.Bundle is { } b)
        {
            Line(
                "bundle",
                string.Create(CultureInfo.InvariantCulture, $"{b.Name} version {b.Version}, {b.Files.Count} files, {b.Bytes / 1e6:0.0} MB")
            );
            Line("url", b.Url);
            Line("for", For(b.Compatible));
            Line("roll-out", Devices(m.Rollout));
        }

        if (m.Keys is { } keys)
            PrintKeys(keys);
        Line("serial", m.Serial.ToString(CultureInfo.InvariantCulture));
        Line("issued", IssueOptions.Shown(m.Issued));
        if (m.NotBefore is { } from)
            Line("not before", IssueOptions.Shown(from));
        Line("expires", IssueOptions.Shown(m.Expires));
    }

    public static void Line(string name, string value) => Console.WriteLine("{0,-16} {1}", name, value);

    private static void PrintKeys(KeySetInfo keys)
    {
        Line("key set", $"number {keys.Number}, {keys.Threshold} of {keys.Keys.Count} must sign");
        foreach (var pem in keys.Keys)
        {
            var key = TrustedKey.TryRead(pem, out _)!;
            Line("key", key.Id + (key.Expires is { } at ? $", until {IssueOptions.Shown(at)}" : ""));
        }

        foreach (var id in keys.Revoked)
            Line("revoked", id);
    }

    private static string Devices(Rollout? r)
    {
        if (r is null)
            return "all devices";
        var tags = r.Tags is { } t ? $" with the tag {string.Join(" or ", t)}" : "";
        if (r.Devices is { } named)
            return $"{named.Count} device{(named.Count == 1 ? "" : "s")}{tags}: {string.Join(",", named)}";
        return string.Create(CultureInfo.InvariantCulture, $"{r.Percent} % of the devices{tags}, salt {r.Salt}");
    }

    private static string For(Compatible c)
    {
        var parts = new List<string>(c.Machines);
        parts.AddRange(c.Boards.Select(b => $"{b}..."));
        if (c.MinEdgeseg != "0")
            parts.Add($"edgeseg {c.MinEdgeseg} or later");
        if (c.MinRuntime != "0")
            parts.Add($"ONNX Runtime {c.MinRuntime} or later");
        return parts.Count == 0 ? "any device" : string.Join(", ", parts);
    }
}
