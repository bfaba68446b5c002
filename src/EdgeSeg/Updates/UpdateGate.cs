using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>What a device is, as far as updates ask.</summary>
internal sealed record DeviceInfo
{
    public required string Device { get; init; }

    /// <summary>As <c>edgeseg info</c> names it: linux-arm64.</summary>
    public required string Machine { get; init; }

    /// <summary>As the device tree names it; empty: none.</summary>
    public string Board { get; init; } = "";

    public required Version Edgeseg { get; init; }

    public required Version Runtime { get; init; }

    /// <summary><c>model.dir</c> names a bundle: the operator has decided, updates do not.</summary>
    public bool IsPinned { get; init; }
}

/// <summary>What comes between a genuine manifest and its download: replays, ages, versions, compatibility, the roll-out's share.</summary>
internal static class UpdateGate
{
    /// <summary>Returns when the manifest may be taken, for good or again.</summary>
    /// <exception cref="UpdateException">It may not.</exception>
    public static void Admit(Manifest manifest, string id, UpdateState state, DateTimeOffset now, bool clockSynced)
    {
        if (manifest.Serial < state.Serial)
            throw new UpdateException(
                UpdateReason.Replayed,
                $"its serial {manifest.Serial} is older than {state.Serial}, which was taken already"
            );
        if (manifest.Serial == state.Serial && state.SerialId is { } known && known != id)
            throw new UpdateException(UpdateReason.Replayed, $"another manifest with the serial {manifest.Serial} was taken already");
        // a clock that nobody has set may say anything: looked at again when it is right
        if (manifest.Expires <= now)
            throw new UpdateException(UpdateReason.Expired, $"it expired at {manifest.Expires:u}", retry: !clockSynced);
        if (state.Failed.FirstOrDefault(f => f.Id == id) is { } failed)
            throw new UpdateException(
                UpdateReason.FailedBefore,
                $"it failed here before ({failed.Reason}: {failed.Text}); sign it again under a later serial to have it tried again"
            );
    }

    /// <summary>Whether the bundle suits the device.</summary>
    /// <exception cref="UpdateException">It does not.</exception>
    public static void Suit(BundleInfo bundle, UpdateState state, DeviceInfo device)
    {
        if (device.IsPinned)
            throw new UpdateException(UpdateReason.Pinned, "model.dir names a bundle on this device: remove it to let updates choose");
        if (state.Floors.TryGetValue(bundle.Name, out var floor) && bundle.Version < floor)
            throw new UpdateException(
                UpdateReason.Downgrade,
                $"version {bundle.Version} of {bundle.Name} is below {floor}, which was good here already"
            );
        var c = bundle.Compatible;
        if (c.Machines.Count > 0 && !c.Machines.Contains(device.Machine))
            throw Unfit($"it is for {string.Join(", ", c.Machines)}, this is {device.Machine}");
        if (c.Boards.Count > 0 && !c.Boards.Any(b => device.Board.StartsWith(b, StringComparison.Ordinal)))
            throw Unfit(
                $"it is for boards named {string.Join(", ", c.Boards)}, this is {(device.Board.Length == 0 ? "none with a name" : device.Board)}"
            );
        if (device.Edgeseg < VersionOf(c.MinEdgeseg))
            throw Unfit($"it needs edgeseg {c.MinEdgeseg}, this is {device.Edgeseg}");
        if (device.Runtime < VersionOf(c.MinRuntime))
            throw Unfit($"it needs ONNX Runtime {c.MinRuntime}, this is {device.Runtime}");

        static UpdateException Unfit(string text) => new(UpdateReason.Incompatible, text);
    }

    /// <summary>0..100: where a device stands in a roll-out; the same for ever, and another order for each salt.</summary>
    public static double Share(string salt, string device)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{salt}\n{device}"));
        return BinaryPrimitives.ReadUInt32BigEndian(hash) / 4294967296.0 * 100;
    }

    /// <summary>From <c>1.31.1</c> or <c>0.1.0+abc</c>; missing parts count as 0.</summary>
    public static Version VersionOf(string text)
    {
        var parts = text.Split('+', '-')[0].Split('.').Select(p => int.TryParse(p, out var n) ? n : 0).Concat([0, 0, 0]).Take(3).ToArray();
        return new Version(parts[0], parts[1], parts[2]);
    }
}
