using System.Text.Json;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Messages;

/// <summary>
/// One segmentation as JSON, version 1; the very same on <c>cam/&lt;cam&gt;/mask</c> and as a line of <c>edgeseg segment</c>.
/// The schema is <c>Mask</c> in docs/asyncapi.yaml.
/// </summary>
internal static class MaskMessage
{
    /// <summary>
    /// Writes the message. One that would be larger than <paramref name="maxBytes"/> loses its outlines, then its mask (keeping box, area
    /// and centroid), and reports it in <c>polygon_omitted</c> and <c>mask_omitted</c>.
    /// </summary>
    /// <param name="to">Holds the message afterwards.</param>
    /// <param name="info">The frame and the way there.</param>
    /// <param name="result">Prompt, score, mask and stage times.</param>
    /// <param name="geometry">Of the mask.</param>
    /// <param name="counts">The mask as pycocotools' compressed counts, ASCII; empty: they were too long to be made.</param>
    /// <param name="polygon">Outlines, or none.</param>
    /// <param name="maxBytes">Largest payload allowed now.</param>
    public static ReadOnlySpan<byte> Write(
        JsonBuffer to,
        scoped in MaskInfo info,
        Segmentation result,
        MaskGeometry geometry,
        ReadOnlySpan<byte> counts,
        PolygonRings polygon,
        int maxBytes
    )
    {
        // a string that alone is too long is not written at all, so that the buffer's growth is bounded as well
        var maskFits = counts.Length > 0 && counts.Length < maxBytes;
        var polygonFits = (long)polygon.Points.Length * 2 < maxBytes;
        var written = WriteOnce(to, info, result, geometry, counts, maskFits, polygon, polygonFits);
        if (written.Length > maxBytes && polygonFits && !polygon.IsEmpty)
            written = WriteOnce(to, info, result, geometry, counts, maskFits, polygon, false);
        if (written.Length > maxBytes && maskFits)
            written = WriteOnce(to, info, result, geometry, counts, false, polygon, false);
        return written;
    }

    private static ReadOnlySpan<byte> WriteOnce(
        JsonBuffer to,
        scoped in MaskInfo info,
        Segmentation result,
        MaskGeometry geometry,
        ReadOnlySpan<byte> counts,
        bool maskFits,
        PolygonRings polygon,
        bool polygonFits
    )
    {
        var json = to.Begin();
        WriteFrame(json, info);
        if (info.Trigger.IsEdge)
            WriteTrigger(json, info);
        WritePrompt(json, result.Prompt);
        if (info.Track is { } track)
            WriteTrack(json, track);
        json.WriteBoolean("found"u8, result.Found);
        json.WriteOptional("reason"u8, result.Found ? null : result.Reason);
        json.WriteRounded("score"u8, result.Score, 4);
        json.WriteRounded("predicted_iou"u8, result.PredictedIou, 4);
        json.WriteRounded("stability"u8, result.Stability, 4);
        json.WriteBoolean("zoom"u8, result.Found && result.IsZoomed);
        if (double.IsFinite(info.Saliency))
            json.WriteRounded("saliency"u8, info.Saliency, 4);
        MaskShape.WriteGeometry(json, result.Found, geometry);
        MaskShape.WriteMask(json, info.Width, info.Height, result.Found, counts, maskFits);
        if (result.Found && !polygon.IsEmpty)
            MaskShape.WritePolygon(json, polygon, polygonFits);
        WriteModel(json, info.Model);
        WriteTimes(json, result.Times);
        json.WriteRounded("age_ms"u8, info.AgeMs, 2);
        json.WriteNumber("drops"u8, info.Drops);
        json.WriteBoolean("degraded"u8, info.Degraded);
        return to.End();
    }

    private static void WriteFile(Utf8JsonWriter json, in MaskInfo info, string file)
    {
        json.WriteString("file"u8, file);
        json.WriteStartArray("outputs"u8);
        foreach (var output in info.Outputs ?? [])
            json.WriteStringValue(output);
        json.WriteEndArray();
        if (info.BitDepth is { } bits)
            json.WriteNumber("bit_depth"u8, bits);
        if (info.Video is { } video)
        {
            json.WriteStartObject("video"u8);
            json.WriteNumber("frame"u8, video.Number);
            json.WriteRounded("time_s"u8, video.TimeS, 3);
            json.WriteEndObject();
        }
    }

    private static void WriteFrame(Utf8JsonWriter json, in MaskInfo info)
    {
        json.WriteNumber("v"u8, 1);
        json.WriteOptional("request"u8, info.Request);
        if (info.Of is { } of)
        {
            json.WriteNumber("index"u8, of.Index);
            json.WriteNumber("count"u8, of.Count);
        }

        if (info.Source is not null)
            json.WriteString("source"u8, info.Source);
        if (info.File is not null)
            WriteFile(json, info, info.File);
        json.WriteString("device"u8, info.Device);
        json.WriteString("camera"u8, info.Camera);
        json.WriteString("session"u8, info.Session);
        json.WriteNumber("sequence"u8, info.Sequence);
        Span<char> id = stackalloc char[MaskId.MaxLength];
        json.WriteString("frame"u8, id[..FrameId.Write(id, info.Session, info.Camera, info.Sequence)]);
        json.WriteString("id"u8, id[..MaskId.Write(id, info.Session, info.Camera, info.Sequence, info.Number)]);
        if (info.Refines is not null)
            json.WriteString("refines"u8, info.Refines);
        json.WriteString("captured_utc"u8, info.CapturedUtc.UtcDateTime);
        json.WriteNumber("captured_ns"u8, info.CapturedNs);
        json.WriteString("time_source"u8, info.TimeSource);
        json.WriteBoolean("clock_synced"u8, info.ClockSynced);
        json.WriteStartArray("image"u8);
        json.WriteNumberValue(info.Width);
        json.WriteNumberValue(info.Height);
        json.WriteEndArray();
    }

    private static void WriteTrigger(Utf8JsonWriter json, in MaskInfo info)
    {
        var toCaptureMs = (info.CapturedNs - info.Trigger.EdgeNs) / 1e6;
        json.WriteStartObject("trigger"u8);
        json.WriteString("source"u8, "gpio"u8);
        json.WriteString("edge_utc"u8, info.CapturedUtc.UtcDateTime.AddMilliseconds(-toCaptureMs));
        json.WriteNumber("edge_ns"u8, info.Trigger.EdgeNs);
        json.WriteNumber("edges"u8, info.Trigger.Edges);
        json.WriteRounded("edge_to_capture_ms"u8, toCaptureMs, 3);
        json.WriteRounded("edge_to_publish_ms"u8, toCaptureMs + info.AgeMs, 3);
        json.WriteEndObject();
    }

    private static void WriteTrack(Utf8JsonWriter json, in TrackInfo track)
    {
        json.WriteStartObject("track"u8);
        json.WriteString("id"u8, track.Id);
        json.WriteNumber("age"u8, track.Age);
        json.WriteString("state"u8, track.State.ToWire());
        json.WriteEndObject();
    }

    private static void WritePrompt(Utf8JsonWriter json, PromptBuffer prompt)
    {
        json.WriteStartObject("prompt"u8);
        json.WriteString("source"u8, prompt.Source.ToWire());
        json.WriteStartArray("clicks"u8);
        var negative = WriteClicks(json, prompt, isNegative: false);
        json.WriteEndArray();
        if (negative)
        {
            json.WriteStartArray("negative_clicks"u8);
            WriteClicks(json, prompt, isNegative: true);
            json.WriteEndArray();
        }

        if (prompt.Box is { } box)
        {
            json.WriteStartArray("box"u8);
            json.WriteRoundedValue(box.X0, 2);
            json.WriteRoundedValue(box.Y0, 2);
            json.WriteRoundedValue(box.X1, 2);
            json.WriteRoundedValue(box.Y1, 2);
            json.WriteEndArray();
        }
        else
        {
            json.WriteNull("box"u8);
        }

        json.WriteEndObject();
    }

    /// <summary>Writes the clicks of one kind; true when there are others.</summary>
    private static bool WriteClicks(Utf8JsonWriter json, PromptBuffer prompt, bool isNegative)
    {
        var others = false;
        foreach (var click in prompt.Clicks)
        {
            if (click.IsNegative != isNegative)
            {
                others = true;
                continue;
            }

            json.WriteStartArray();
            json.WriteRoundedValue(click.X, 2);
            json.WriteRoundedValue(click.Y, 2);
            json.WriteEndArray();
        }

        return others;
    }

    private static void WriteModel(Utf8JsonWriter json, ModelInfo model)
    {
        json.WriteStartObject("model"u8);
        json.WriteString("name"u8, model.Name);
        json.WriteString("version"u8, model.Version);
        json.WriteString("sha256"u8, model.Sha256);
        json.WriteString("precision"u8, model.Precision);
        json.WriteEndObject();
    }

    private static void WriteTimes(Utf8JsonWriter json, in StageTimes times)
    {
        json.WriteStartObject("ms"u8);
        for (var i = 0; i < StageTimes.Count; i++)
        {
            var ms = times[(Stage)i];
            if (!double.IsFinite(ms))
                continue;
            json.WritePropertyName(StageTimes.Names[i]);
            json.WriteRoundedValue(ms, 3);
        }

        json.WriteEndObject();
    }
}
