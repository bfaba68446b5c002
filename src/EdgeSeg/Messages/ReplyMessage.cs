using System.Text.Json;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.AutomaticMasks;

namespace EdgeSeg.Messages;

/// <summary>
/// Replies to a request: <c>accepted</c>, then <c>result</c> or <c>error</c>; schema <c>Reply</c> in docs/asyncapi.yaml.
/// A changed session means that the device has restarted.
/// </summary>
internal static class ReplyMessage
{
    /// <summary>The command waits for its turn.</summary>
    public static ReadOnlySpan<byte> WriteAccepted(JsonBuffer to, string device, string session, CameraCommand command)
    {
        Begin(to, device, session, command.Camera, command.Word, command.Id, "accepted"u8);
        return to.End();
    }

    /// <summary>
    /// Done. For click, box and auto <paramref name="result"/> is the mask message, byte for byte; else what <see cref="WriteSnapshot"/>
    /// and the like wrote; empty: no result.
    /// </summary>
    public static ReadOnlySpan<byte> WriteResult(
        JsonBuffer to,
        string device,
        string session,
        CameraCommand command,
        ReadOnlySpan<byte> result
    )
    {
        var json = Begin(to, device, session, command.Camera, command.Word, command.Id, "result"u8);
        if (result.IsEmpty)
        {
            json.WriteNull("result"u8);
        }
        else
        {
            // our own bytes, written by our own writer: not read again
            json.WritePropertyName("result"u8);
            json.WriteRawValue(result, skipInputValidation: true);
        }

        return to.End();
    }

    /// <summary>Refused. Camera, command and id as far as they could be read; empty or null: unknown.</summary>
    public static ReadOnlySpan<byte> WriteError(
        JsonBuffer to,
        string device,
        string session,
        string camera,
        string word,
        string? id,
        CommandError refusal
    )
    {
        var json = Begin(to, device, session, camera.Length > 0 ? camera : null, word.Length > 0 ? word : null, id, "error"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, refusal.Word);
        json.WriteString("message"u8, refusal.Sentence);
        json.WriteEndObject();
        return to.End();
    }

    /// <summary>The result of <c>set</c>: every value that can be set, as it is now in force.</summary>
    public static ReadOnlySpan<byte> WriteSettings(JsonBuffer to, LiveSettings now)
    {
        var json = to.Begin();
        json.WriteString("mode"u8, now.Mode.ToWire());
        json.WriteRounded("max_fps"u8, now.MaxFps, 3);
        json.WriteRounded("interval_s"u8, now.IntervalS, 3);
        json.WriteRounded("min_score"u8, now.MinScore, 4);
        json.WriteRounded("min_area"u8, now.MinArea, 6);
        return to.End();
    }

    /// <summary>The result of <c>preview</c>: what is sent from now on.</summary>
    public static ReadOnlySpan<byte> WritePreview(JsonBuffer to, PreviewRequest now)
    {
        var json = to.Begin();
        json.WriteBoolean("on"u8, now.On);
        json.WriteRounded("max_fps"u8, now.MaxFps, 3);
        json.WriteNumber("width"u8, now.Width);
        json.WriteNumber("quality"u8, now.Quality);
        json.WriteNumber("for_s"u8, now.On ? now.ForS : 0);
        return to.End();
    }

    /// <summary>The result of <c>samples</c>.</summary>
    /// <param name="to">Holds it afterwards.</param>
    /// <param name="kept">Frames on the disk, of all cameras.</param>
    /// <param name="bytes">Their size.</param>
    /// <param name="topic">Where the picture went; null: none was asked for, or there is none.</param>
    /// <param name="sample">The JSON of the frame whose picture it is; empty: none.</param>
    public static ReadOnlySpan<byte> WriteSamples(JsonBuffer to, int kept, long bytes, string? topic, ReadOnlySpan<byte> sample)
    {
        var json = to.Begin();
        json.WriteNumber("kept"u8, kept);
        json.WriteNumber("bytes"u8, bytes);
        json.WriteOptional("topic"u8, topic);
        json.WritePropertyName("sample"u8);
        if (sample.IsEmpty)
            json.WriteNullValue();
        else
            json.WriteRawValue(sample, skipInputValidation: true);
        return to.End();
    }

    /// <summary>The result of <c>unfollow</c>: how many objects are not followed any more.</summary>
    public static ReadOnlySpan<byte> WriteUnfollow(JsonBuffer to, int ended)
    {
        var json = to.Begin();
        json.WriteNumber("ended"u8, ended);
        return to.End();
    }

    /// <summary>
    /// The result of <c>everything</c>, after its mask messages: how many there were and where each object lies, so that a client sees
    /// whether it received all.
    /// </summary>
    /// <param name="to">Holds it afterwards.</param>
    /// <param name="frame">The frame's id.</param>
    /// <param name="grid">Points on each side.</param>
    /// <param name="asked">Grid points that were processed: fewer than grid x grid where the time was up.</param>
    /// <param name="masks">In the order of their index.</param>
    /// <param name="listed">Whether each is listed.</param>
    /// <param name="published">Of those, how many were handed to the link; the others did not reach the broker in time.</param>
    /// <param name="leftOut">Found, and beyond <see cref="MessageLimits.MaxAutomaticMasks"/>.</param>
    /// <param name="ms">From the first point to the last.</param>
    public static ReadOnlySpan<byte> WriteAutomaticMasks(
        JsonBuffer to,
        string frame,
        int grid,
        int asked,
        ReadOnlySpan<AutomaticMask> masks,
        bool listed,
        int published,
        int leftOut,
        double ms
    )
    {
        var json = to.Begin();
        json.WriteString("frame"u8, frame);
        json.WriteNumber("grid"u8, grid);
        json.WriteNumber("asked"u8, asked);
        json.WriteBoolean("complete"u8, asked == grid * grid);
        json.WriteNumber("count"u8, masks.Length);
        json.WriteNumber("published"u8, published);
        json.WriteNumber("left_out"u8, leftOut);
        json.WriteRounded("ms"u8, ms, 1);
        json.WriteStartArray("masks"u8);
        for (var i = 0; listed && i < masks.Length; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, i);
            json.WriteRounded("score"u8, masks[i].PredictedIou, 4);
            MaskShape.WriteGeometry(json, found: true, masks[i].Geometry);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        return to.End();
    }

    /// <summary>
    /// The result of <c>snapshot</c>: the picture itself went to <paramref name="topic"/>, with the frame's id among its user properties.
    /// </summary>
    public static ReadOnlySpan<byte> WriteSnapshot(JsonBuffer to, string topic, string frame, int width, int height, int bytes, int quality)
    {
        var json = to.Begin();
        json.WriteString("topic"u8, topic);
        json.WriteString("frame"u8, frame);
        json.WriteStartArray("image"u8);
        json.WriteNumberValue(width);
        json.WriteNumberValue(height);
        json.WriteEndArray();
        json.WriteNumber("bytes"u8, bytes);
        json.WriteNumber("quality"u8, quality);
        return to.End();
    }

    private static Utf8JsonWriter Begin(
        JsonBuffer to,
        string device,
        string session,
        string? camera,
        string? word,
        string? id,
        ReadOnlySpan<byte> reply
    )
    {
        var json = to.Begin();
        json.WriteNumber("v"u8, 1);
        json.WriteString("device"u8, device);
        json.WriteString("session"u8, session);
        json.WriteOptional("camera"u8, camera);
        json.WriteOptional("command"u8, word);
        json.WriteOptional("request"u8, id);
        json.WriteString("reply"u8, reply);
        return json;
    }
}
