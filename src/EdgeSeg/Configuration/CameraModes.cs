namespace EdgeSeg.Configuration;

/// <summary>The words of <see cref="CameraMode"/>, the same in the configuration and in messages.</summary>
internal static class CameraModes
{
    /// <summary>Every mode with its word, in the order of the enum.</summary>
    public static (string Word, CameraMode Value)[] Words { get; } =
    [.. Enum.GetValues<CameraMode>().Select(mode => (mode.ToWire(), mode))];

    public static string ToWire(this CameraMode mode) =>
        mode switch
        {
            CameraMode.Continuous => "continuous",
            CameraMode.Interval => "interval",
            CameraMode.OnTrigger => "on_trigger",
            CameraMode.OnCommand => "on_command",
            _ => throw new ArgumentOutOfRangeException(nameof(mode)),
        };

    /// <summary>Null: not a mode.</summary>
    public static CameraMode? FromWire(string word) =>
        word switch
        {
            "continuous" => CameraMode.Continuous,
            "interval" => CameraMode.Interval,
            "on_trigger" => CameraMode.OnTrigger,
            "on_command" => CameraMode.OnCommand,
            _ => null,
        };
}
