using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EdgeSeg.Updates;

/// <summary>Which devices take part in a roll-out. The device and the operator's preview decide by the same code.</summary>
internal static class RolloutShare
{
    /// <summary>Why a device does not take part yet, as a sentence; null: it takes part.</summary>
    public static string? Exclusion(Rollout rollout, string device, IReadOnlyList<string> tags)
    {
        if (rollout.Devices is { } devices && !devices.Contains(device))
            return $"the roll-out is for {devices.Count} named device{(devices.Count == 1 ? "" : "s")}, not for this one";
        if (rollout.Tags is { } wanted && !wanted.Intersect(tags, StringComparer.Ordinal).Any())
            return $"the roll-out is for devices with the tag {string.Join(" or ", wanted)}, which this one does not have";
        return Of(rollout.Salt, device) < rollout.Percent
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"the roll-out is at {rollout.Percent} %, this device's share comes later");
    }

    /// <summary>The place of a device in a roll-out, 0..100: always the same for a salt, and another order for each salt.</summary>
    public static double Of(string salt, string device)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{salt}\n{device}"));
        return BinaryPrimitives.ReadUInt32BigEndian(hash) / 4294967296.0 * 100;
    }
}
