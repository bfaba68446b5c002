using EdgeSeg.Capture;

namespace EdgeSeg.Messages;

/// <summary>The retained <c>cam/&lt;cam&gt;/state</c>, version 1; schema <c>CameraState</c> in docs/asyncapi.yaml.</summary>
internal static class CameraStateMessage
{
    public static ReadOnlySpan<byte> Write(JsonBuffer to, string device, string session, string camera, in CameraStatus status)
    {
        var json = to.Begin();
        json.WriteNumber("v"u8, 1);
        json.WriteString("device"u8, device);
        json.WriteString("session"u8, session);
        json.WriteString("camera"u8, camera);
        json.WriteString("state"u8, status.State.ToWire());
        json.WriteOptional("reason"u8, status.Reason.Length == 0 ? null : status.Reason);
        // before the first frame there is no age
        if (double.IsNaN(status.FrameAgeMs))
            json.WriteNull("frame_age_ms"u8);
        else
            json.WriteRounded("frame_age_ms"u8, status.FrameAgeMs, 0);
        json.WriteNumber("reconnects"u8, status.Reconnects);
        if (status.Format is { } format)
        {
            json.WriteStartObject("granted"u8);
            json.WriteNumber("width"u8, format.Width);
            json.WriteNumber("height"u8, format.Height);
            json.WriteRounded("fps"u8, format.Fps, 2);
            json.WriteString("coding"u8, format.Coding);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("granted"u8);
        }

        return to.End();
    }
}
