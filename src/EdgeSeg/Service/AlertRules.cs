using System.Globalization;
using EdgeSeg.Capture;
using EdgeSeg.Health;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Service;

/// <summary>What the alerts of the device itself follow from.</summary>
/// <param name="Device">Its id.</param>
/// <param name="Board">As last read.</param>
/// <param name="DuplicateId">Another client uses its id.</param>
/// <param name="ClockSynced">The clock can be trusted.</param>
/// <param name="SettingsRefused">Why newer settings were refused; null: they were not.</param>
/// <param name="Refusals">What the broker refuses; null: nothing.</param>
/// <param name="SamplesFault">Why frames cannot be kept for labelling; null: they can, or are not to be.</param>
internal sealed record AlertInputs(
    string Device,
    DeviceVitals Board,
    bool DuplicateId,
    bool ClockSynced,
    string? SettingsRefused = null,
    IReadOnlyList<BrokerRefusal>? Refusals = null,
    string? SamplesFault = null
);

/// <summary>The alerts that follow from the state of the device and its cameras.</summary>
internal static class AlertRules
{
    private const string Throttled = "throttled",
        DiskLow = "disk-low",
        DuplicateId = "duplicate-id",
        ClockUnset = "clock-unset",
        SettingsRefused = "settings-refused",
        BrokerRefused = "broker-refused",
        SamplesFailed = "samples-failed";

    private const int RefusalsShown = 3;

    /// <summary>The id of every alert that this service can raise.</summary>
    public static IEnumerable<string> Ids(Topics topics) =>
        [
            .. topics.Cameras.Select(c => CameraId(c.Id)),
            Throttled,
            DiskLow,
            DuplicateId,
            ClockUnset,
            SettingsRefused,
            BrokerRefused,
            SamplesFailed,
        ];

    /// <summary>A state in which the camera gives no usable picture.</summary>
    public static bool IsFaulty(CameraState state) => state is not (CameraState.Starting or CameraState.Streaming or CameraState.Ended);

    /// <param name="cameras">Id and status of each.</param>
    /// <param name="device">The rest.</param>
    public static List<Alert> Lasting(IEnumerable<(string Id, CameraStatus Status)> cameras, AlertInputs device)
    {
        List<Alert> alerts = [.. cameras.Where(c => IsFaulty(c.Status.State)).Select(c => Camera(c.Id, c.Status))];
        if (device.Board.Throttling is { Now.Count: > 0 } throttling)
            alerts.Add(
                new Alert(
                    Throttled,
                    "throttled",
                    $"the CPU is throttled ({string.Join(", ", throttling.Now)}), so masks come late",
                    "improve cooling or use a stronger power supply",
                    Degrades: true
                )
            );
        if (device.Board.DiskFreeBytes is < HealthLimits.DiskLowBytes and var free)
            alerts.Add(
                new Alert(
                    DiskLow,
                    "disk_low",
                    string.Create(CultureInfo.InvariantCulture, $"{free >> 20} MiB are free on the disk of state_dir"),
                    "free space there, or move state_dir to a larger disk"
                )
            );
        if (device.DuplicateId)
            alerts.Add(
                new Alert(
                    DuplicateId,
                    "duplicate_id",
                    $"another client uses the id of device '{device.Device}'",
                    "give each device an id of its own: set device, or renew /etc/machine-id where a card was copied",
                    Degrades: true
                )
            );
        if (!device.ClockSynced)
            alerts.Add(
                new Alert(
                    ClockUnset,
                    "clock_unset",
                    "the clock is not synchronised, so times in UTC may be wrong",
                    "timedatectl set-ntp true, and a time server that can be reached"
                )
            );
        if (device.SettingsRefused is { } reason)
            alerts.Add(
                new Alert(
                    SettingsRefused,
                    "settings_refused",
                    $"the new settings were refused and the old ones stay in force: {reason}",
                    "correct the settings and reload again (systemctl reload edgeseg)",
                    Cause: reason
                )
            );
        if (device.Refusals is { Count: > 0 } refusals)
            alerts.Add(Refused(refusals));
        if (device.SamplesFault is { } fault)
            alerts.Add(
                new Alert(
                    SamplesFailed,
                    "samples_failed",
                    $"frames cannot be kept for labelling: {fault}",
                    "correct the owner of state_dir/samples, free space there, lower samples.max_mib, or set samples.enabled = false",
                    Cause: fault
                )
            );
        return alerts;
    }

    private static Alert Refused(IReadOnlyList<BrokerRefusal> refusals)
    {
        var shown = string.Join("; ", refusals.Take(RefusalsShown).Select(r => $"{r.Topic}: {r.Reason}"));
        var more = refusals.Count > RefusalsShown ? $"; and {refusals.Count - RefusalsShown} more" : "";
        return new Alert(
            BrokerRefused,
            "broker_refused",
            $"the broker refuses {shown}{more}",
            "allow these topics in the broker's access list (deploy/mosquitto/edgeseg.acl lists all), or raise its packet size",
            Degrades: true,
            Cause: string.Join('\n', refusals.Select(r => $"{r.Topic} {r.Reason}"))
        );
    }

    private static string CameraId(string camera) => "camera-" + camera;

    private static Alert Camera(string id, CameraStatus status)
    {
        // opened again without a good frame: for a reader it is still lost
        var word = (status.State == CameraState.Recovering ? CameraState.Lost : status.State).ToWire();
        var remedy = status.State switch
        {
            CameraState.Black => "uncover the lens or switch on a light",
            CameraState.Frozen => "unplug the camera and plug it in again",
            CameraState.Hung => "none needed: the service ends and is started again",
            _ => status.Remedy,
        };
        var reason = status.Reason.Length > 0 ? $": {status.Reason}" : "";
        return new Alert(
            CameraId(id),
            "camera_" + word,
            $"camera {id} is {word}{reason}",
            remedy,
            Degrades: true,
            Camera: id,
            Cause: status.Cause
        );
    }
}
