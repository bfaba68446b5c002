using System.Globalization;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>
/// The decisions between a verified manifest and the swap of the model: replays, expiry, compatibility, roll-out, holds, hours.
/// </summary>
internal static class UpdateGate
{
    /// <summary>Whether the manifest may be accepted, for the first time or again.</summary>
    public static Admission Accept(Manifest manifest, string id, UpdateState state, DateTimeOffset now, bool clockSynced)
    {
        if (manifest.Serial < state.Serial)
            return Admission.Refuse(
                UpdateReason.Replayed,
                $"its serial {manifest.Serial} is older than {state.Serial}, which was accepted before"
            );
        if (manifest.Serial == state.Serial && state.SerialId is { } known && known != id)
            return Admission.Refuse(UpdateReason.Replayed, $"another manifest with the serial {manifest.Serial} was accepted before");
        // an unsynchronised clock may show any time: checked again when it is right
        if (manifest.Expires <= now)
            return Admission.Refuse(UpdateReason.Expired, $"it expired at {manifest.Expires:u}", retry: !clockSynced);
        return state.Failed.FirstOrDefault(f => f.Id == id) is { } failed
            ? Admission.Refuse(
                UpdateReason.FailedBefore,
                $"it failed here before ({failed.Reason}: {failed.Text}); run edgeseg model retry on "
                    + "the device, or sign it under a later serial"
            )
            : Admission.Proceed;
    }

    /// <summary>Whether the bundle is compatible with the device.</summary>
    public static Admission CheckCompatible(BundleInfo bundle, UpdateState state, DeviceInfo device)
    {
        if (device.IsPinned)
            return Admission.Refuse(UpdateReason.Pinned, "model.dir names a bundle on this device: remove it to allow updates");
        if (state.Floors.TryGetValue(bundle.Name, out var floor) && bundle.Version < floor)
        {
            return Admission.Refuse(
                UpdateReason.Downgrade,
                $"version {bundle.Version} of {bundle.Name} is older than {floor}, which was good on this device"
            );
        }

        var c = bundle.Compatible;
        if (c.Machines.Count > 0 && !c.Machines.Contains(device.Machine))
            return Incompatible($"it is for {string.Join(", ", c.Machines)}, this is {device.Machine}");
        if (c.Boards.Count > 0 && !c.Boards.Any(b => device.Board.StartsWith(b, StringComparison.Ordinal)))
            return Incompatible(
                $"it is for boards named {string.Join(", ", c.Boards)}, this is "
                    + $"{(device.Board.Length == 0 ? "one without a name" : device.Board)}"
            );
        if (device.Edgeseg < VersionOf(c.MinEdgeseg))
            return Incompatible($"it needs edgeseg {c.MinEdgeseg}, this is {device.Edgeseg}");
        return device.Runtime < VersionOf(c.MinRuntime)
            ? Incompatible($"it needs ONNX Runtime {c.MinRuntime}, this is {device.Runtime}")
            : Admission.Proceed;

        static Admission Incompatible(string text) => Admission.Refuse(UpdateReason.Incompatible, text);
    }

    /// <summary>Whether the device may fetch and try the bundle now.</summary>
    public static Admission Start(Manifest manifest, DeviceInfo device, DateTimeOffset now, bool isHeld)
    {
        if (manifest.Rollout is { } rollout && RolloutShare.Exclusion(rollout, device.Device, device.Tags) is { } why)
            return Admission.Wait(UpdateReason.NotInRollout, why);
        if (manifest.NotBefore is { } from && now < from)
            return Admission.Wait(UpdateReason.NotBefore, $"not before {from:u}");
        return isHeld ? Held : Admission.Proceed;
    }

    /// <summary>Whether the model may be swapped now. The manifest may have expired since it was accepted.</summary>
    public static Admission Swap(
        Manifest manifest,
        DateTimeOffset now,
        bool clockSynced,
        bool isHeld,
        MaintenanceWindow? window,
        DateTimeOffset local
    )
    {
        if (manifest.Expires <= now)
            return Admission.Refuse(
                UpdateReason.Expired,
                $"it expired at {manifest.Expires:u}, before it could be activated",
                retry: !clockSynced
            );
        if (isHeld)
            return Held;
        return window?.Contains(local) == false
            ? Admission.Wait(UpdateReason.Window, "the swap waits for the hours of update.window")
            : Admission.Proceed;
    }

    /// <summary>From <c>1.31.1</c> or <c>0.1.0+abc</c>; missing parts count as 0.</summary>
    public static Version VersionOf(string text)
    {
        var words = text.Split('+', '-')[0].Split('.');
        int[] parts = [.. words.Select(p => int.TryParse(p, CultureInfo.InvariantCulture, out var n) ? n : 0), 0, 0, 0];
        return new Version(parts[0], parts[1], parts[2]);
    }

    private static Admission Held => Admission.Wait(UpdateReason.Held, "updates are held on this device");
}
