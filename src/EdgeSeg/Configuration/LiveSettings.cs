namespace EdgeSeg.Configuration;

/// <summary>
/// The settings of a camera that <c>cmd/set</c> may change while the service runs. Immutable: a change is a new value, and the camera's
/// reference to it is replaced. It ends with the process, which starts with the configuration again.
/// </summary>
internal sealed record LiveSettings(CameraMode Mode, double MaxFps, double IntervalS, double MinScore, double MinArea)
{
    /// <summary>Whether frames are segmented without a command or a trigger.</summary>
    public bool IsAutomatic => Mode is CameraMode.Continuous or CameraMode.Interval;

    /// <summary>Seconds between automatic masks; 0: as fast as the model runs.</summary>
    public double PeriodS =>
        Mode == CameraMode.Interval ? IntervalS
        : MaxFps > 0 ? 1 / MaxFps
        : 0;

    /// <summary>As configured.</summary>
    public static LiveSettings Of(CameraSettings camera) =>
        new(camera.Mode, camera.MaxFps, camera.IntervalS, camera.MinScore, camera.MinArea);
}
