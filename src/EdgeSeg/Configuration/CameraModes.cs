namespace EdgeSeg.Configuration;

/// <summary>The modes' names, as in the configuration and in messages.</summary>
internal static class CameraModes
{
    public static string Word(CameraMode mode) =>
        mode switch
        {
            CameraMode.Continuous => "continuous",
            CameraMode.Interval => "interval",
            CameraMode.OnTrigger => "on_trigger",
            _ => "on_command",
        };
}
