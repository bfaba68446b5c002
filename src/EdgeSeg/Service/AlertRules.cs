using System.Globalization;
using EdgeSeg.Capture;
using EdgeSeg.Health;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Service;

/// <summary>From what the control loop sees to the alerts that last.</summary>
internal static class AlertRules
{
    private const string Throttled = "throttled",
        DiskLow = "disk-low",
        DuplicateId = "duplicate-id",
        ClockUnset = "clock-unset";

    /// <summary>The id of every alert that this service may raise.</summary>
    public static IEnumerable<string> Ids(IEnumerable<string> cameras) =>
        [.. cameras.Select(CameraId), Throttled, DiskLow, DuplicateId, ClockUnset];

    /// <summary>A state in which the device is blind there.</summary>
    public static bool IsFaulty(CameraState state) => state is not (CameraState.Starting or CameraState.Streaming or CameraState.Ended);

    /// <param name="cameras">Id and status of each.</param>
    /// <param name="board">As last read.</param>
    /// <param name="device">Device id.</param>
    /// <param name="duplicateId">Another client uses our id.</param>
    /// <param name="clockSynced">The clock can be believed.</param>
    public static List<Alert> Lasting(
        IEnumerable<(string Id, CameraStatus Status)> cameras,
        DeviceVitals board,
        string device,
        bool duplicateId,
        bool clockSynced
    )
    {
        var alerts = new List<Alert>();
        foreach (var (id, status) in cameras)
        {
            if (IsFaulty(status.State))
                alerts.Add(Camera(id, status));
        }

        if (board.Throttling is { Now.Count: > 0 } throttling)
            alerts.Add(
                new Alert(
                    Throttled,
                    "throttled",
                    $"the board holds itself back ({string.Join(", ", throttling.Now)}), so masks come late",
                    "give it air, a heat sink or a stronger power supply",
                    Degrades: true
                )
            );
        if (board.DiskFreeBytes is < HealthLimits.DiskLowBytes and var free)
            alerts.Add(
                new Alert(
                    DiskLow,
                    "disk_low",
                    string.Create(CultureInfo.InvariantCulture, $"{free >> 20} MiB are free on the disk of state_dir"),
                    "free space there, or move state_dir to a larger disk"
                )
            );
        if (duplicateId)
            alerts.Add(
                new Alert(
                    DuplicateId,
                    "duplicate_id",
                    $"another client speaks as device '{device}'",
                    "give each device an id of its own (a copied card has copied it too: set device, or renew /etc/machine-id)",
                    Degrades: true
                )
            );
        if (!clockSynced)
            alerts.Add(
                new Alert(
                    ClockUnset,
                    "clock_unset",
                    "the clock is not synchronised, so times in UTC cannot be believed",
                    "timedatectl set-ntp true, and a time server within reach"
                )
            );
        return alerts;
    }

    private static string CameraId(string camera) => "camera-" + camera;

    private static Alert Camera(string id, CameraStatus status)
    {
        // opened again but without a good frame, it is as lost as before
        var word = CameraStatus.Word(status.State == CameraState.Recovering ? CameraState.Lost : status.State);
        var remedy = status.State switch
        {
            CameraState.Black => "uncover the lens or switch on a light",
            CameraState.Frozen => "unplug the camera and plug it in again",
            CameraState.Hung => "nothing: the service ends and is started again",
            _ => "look at the camera's cable, power and address; it is tried again and again",
        };
        return new Alert(
            CameraId(id),
            "camera_" + word,
            $"camera {id} is {word}{(status.Reason.Length > 0 ? ": " + status.Reason : "")}",
            remedy,
            Degrades: true,
            Camera: id
        );
    }
}
