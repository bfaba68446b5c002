using EdgeSeg.Capture;

namespace EdgeSeg.Messages;

/// <summary>Body of <c>cam/&lt;cam&gt;/state</c>.</summary>
/// <param name="V">Version of the message.</param>
/// <param name="Device">Device id.</param>
/// <param name="Session">Id of this run of the service.</param>
/// <param name="Camera">Camera id.</param>
/// <param name="State">Word of the state.</param>
/// <param name="Reason">Why it is not streaming; null when it is.</param>
/// <param name="FrameAgeMs">Milliseconds since the last frame; null before the first.</param>
/// <param name="Reconnects">Times that frames came again after a loss.</param>
/// <param name="Granted">What the source granted; null before it was opened.</param>
internal sealed record CameraStateBody(
    int V,
    string Device,
    string Session,
    string Camera,
    string State,
    string? Reason,
    double? FrameAgeMs,
    long Reconnects,
    GrantedFormat? Granted
);

/// <summary>What a source granted; sizes in pixels.</summary>
internal sealed record GrantedFormat(int Width, int Height, double Fps, string Coding);

/// <summary>The retained <c>cam/&lt;cam&gt;/state</c>, version 1; schema <c>CameraState</c> in docs/asyncapi.yaml.</summary>
internal static class CameraStateMessage
{
    public static ReadOnlySpan<byte> Write(JsonBuffer to, string device, string session, string camera, in CameraStatus status) =>
        to.Write(
            new CameraStateBody(
                1,
                device,
                session,
                camera,
                status.State.ToWire(),
                status.Reason.Length == 0 ? null : status.Reason,
                double.IsNaN(status.FrameAgeMs) ? null : JsonNumbers.Round(status.FrameAgeMs, 0),
                status.Reconnects,
                status.Format is { } format
                    ? new GrantedFormat(format.Width, format.Height, JsonNumbers.Round(format.Fps, 2), format.Coding)
                    : null
            ),
            MessageJson.Default.CameraStateBody
        );
}
