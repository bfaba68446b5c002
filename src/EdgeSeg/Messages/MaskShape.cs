using System.Text.Json;
using EdgeSeg.Vision.Masks;

namespace EdgeSeg.Messages;

/// <summary>The geometry of a mask message: area, box, centroid, run lengths, outlines.</summary>
internal static class MaskShape
{
    public static void WriteGeometry(Utf8JsonWriter json, bool found, in MaskGeometry geometry)
    {
        json.WriteNumber("area"u8, found ? geometry.Area : 0);
        if (!found)
        {
            json.WriteNull("box"u8);
            json.WriteNull("centroid"u8);
            return;
        }

        json.WriteStartArray("box"u8);
        json.WriteNumberValue(geometry.Left);
        json.WriteNumberValue(geometry.Top);
        json.WriteNumberValue(geometry.Width);
        json.WriteNumberValue(geometry.Height);
        json.WriteEndArray();
        json.WriteStartArray("centroid"u8);
        json.WriteRoundedValue(geometry.CentroidX, 2);
        json.WriteRoundedValue(geometry.CentroidY, 2);
        json.WriteEndArray();
    }

    public static void WriteMask(Utf8JsonWriter json, int width, int height, bool found, ReadOnlySpan<byte> counts, bool fits)
    {
        if (!found || !fits)
        {
            json.WriteNull("mask"u8);
            if (found)
                json.WriteString("mask_omitted"u8, "too_large"u8);
            return;
        }

        json.WriteStartObject("mask"u8);
        json.WriteString("format"u8, "coco_rle"u8);
        json.WriteStartArray("size"u8);
        json.WriteNumberValue(height);
        json.WriteNumberValue(width);
        json.WriteEndArray();
        json.WriteString("counts"u8, counts);
        json.WriteEndObject();
    }

    public static void WritePolygon(Utf8JsonWriter json, PolygonRings polygon, bool fits)
    {
        if (!fits)
        {
            json.WriteString("polygon_omitted"u8, "too_large"u8);
            return;
        }

        json.WriteStartObject("polygon"u8);
        json.WriteString("rule"u8, "even_odd"u8);
        json.WriteRounded("tolerance"u8, polygon.Tolerance, 2);
        json.WriteStartArray("rings"u8);
        var at = 0;
        foreach (var length in polygon.RingLengths)
        {
            json.WriteStartArray();
            foreach (var value in polygon.Points.Slice(at, 2 * length))
                json.WriteRoundedValue(value, 1);
            json.WriteEndArray();
            at += 2 * length;
        }

        json.WriteEndArray();
        json.WriteStartArray("holes"u8);
        foreach (var isHole in polygon.Holes)
            json.WriteBooleanValue(isHole);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
