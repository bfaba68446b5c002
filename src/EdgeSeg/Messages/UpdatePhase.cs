using System.Text.Json.Serialization;

namespace EdgeSeg.Messages;

/// <summary>Where an update is; the order is the way.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<UpdatePhase>))]
internal enum UpdatePhase
{
    Idle,
    Downloading,
    Verified,
    Staged,
    CanaryPassed,
    Activating,
    Trial,
    RollingBack,
}
