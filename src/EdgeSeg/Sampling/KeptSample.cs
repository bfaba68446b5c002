using System.Buffers;
using System.Text;
using System.Text.Json;
using EdgeSeg.Messages;

namespace EdgeSeg.Sampling;

/// <summary>Why a frame is worth labelling.</summary>
internal enum SampleReason
{
    /// <summary>The mask has a low score.</summary>
    LowScore,

    /// <summary>The mask and the salient region that its clicks were taken from hardly overlap.</summary>
    Disagreement,

    /// <summary>An operator corrected the mask.</summary>
    Correction,

    /// <summary>Nothing was found where the frame before had an object.</summary>
    Vanished,
}

/// <summary>The words of <see cref="SampleReason"/> in files and messages.</summary>
internal static class SampleReasons
{
    public static string ToWire(this SampleReason reason) =>
        reason switch
        {
            SampleReason.LowScore => "low_score",
            SampleReason.Disagreement => "disagreement",
            SampleReason.Correction => "correction",
            SampleReason.Vanished => "vanished",
            _ => throw new ArgumentOutOfRangeException(nameof(reason)),
        };

    /// <summary>Null: not a reason.</summary>
    public static SampleReason? FromWire(string? word) =>
        word switch
        {
            "low_score" => SampleReason.LowScore,
            "disagreement" => SampleReason.Disagreement,
            "correction" => SampleReason.Correction,
            "vanished" => SampleReason.Vanished,
            _ => null,
        };
}

/// <summary>The mask of a kept frame, in pixels of the kept picture.</summary>
/// <param name="Area">Pixels.</param>
/// <param name="Box">Left, top, width, height.</param>
/// <param name="Counts">COCO run lengths.</param>
internal sealed record SampleMask(int Area, int[] Box, string Counts);

/// <summary>A frame that is kept for labelling: what its JSON file says. The picture is in the JPEG file of the same name.</summary>
internal sealed record KeptSample
{
    /// <summary>Counts the kept frames of the device; a file's name begins with it, so the order does not depend on the clock.</summary>
    public required long Number { get; init; }

    public required SampleReason Reason { get; init; }

    public required string Camera { get; init; }

    /// <summary>The id of the frame.</summary>
    public required string Frame { get; init; }

    public required DateTimeOffset CapturedUtc { get; init; }

    /// <summary>Of the kept picture, in pixels.</summary>
    public required int Width { get; init; }

    public required int Height { get; init; }

    /// <summary>0..1; 0 where nothing was found.</summary>
    public required double Score { get; init; }

    /// <summary>IoU of mask and salient region, 0..1; null: not known.</summary>
    public required double? Agreement { get; init; }

    /// <summary>Null: nothing was found.</summary>
    public required SampleMask? Mask { get; init; }

    /// <summary>Name and version.</summary>
    public required string Model { get; init; }

    /// <summary>Begin of the 24 hours whose writes are counted, and how many there were.</summary>
    public (DateTimeOffset BeginUtc, int Count) Day { get; init; }

    /// <summary>A JSON object.</summary>
    public byte[] ToJson()
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("number"u8, Number);
            json.WriteString("reason"u8, Reason.ToWire());
            json.WriteString("camera"u8, Camera);
            json.WriteString("frame"u8, Frame);
            json.WriteString("captured_utc"u8, CapturedUtc.UtcDateTime);
            json.WriteStartArray("image"u8);
            json.WriteNumberValue(Width);
            json.WriteNumberValue(Height);
            json.WriteEndArray();
            json.WriteRounded("score"u8, Score, 4);
            if (Agreement is { } agreement)
                json.WriteRounded("agreement"u8, agreement, 4);
            WriteMask(json);
            json.WriteString("model"u8, Model);
            json.WriteString("day_begin_utc"u8, Day.BeginUtc.UtcDateTime);
            json.WriteNumber("day_count"u8, Day.Count);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private void WriteMask(Utf8JsonWriter json)
    {
        json.WriteNumber("area"u8, Mask?.Area ?? 0);
        json.WritePropertyName("box"u8);
        if (Mask is null)
        {
            json.WriteNullValue();
        }
        else
        {
            json.WriteStartArray();
            foreach (var v in Mask.Box)
                json.WriteNumberValue(v);
            json.WriteEndArray();
        }

        MaskShape.WriteMask(json, Width, Height, Mask is not null, Encoding.ASCII.GetBytes(Mask?.Counts ?? ""), fits: true);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote; null: it is something else, or damaged.</summary>
    public static KeptSample? FromJson(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            var size = root.GetProperty("image");
            var mask = root.GetProperty("mask");
            return new KeptSample
            {
                Number = root.GetProperty("number").GetInt64(),
                Reason = SampleReasons.FromWire(root.GetProperty("reason").GetString()) ?? throw new FormatException(),
                Camera = root.GetProperty("camera").GetString()!,
                Frame = root.GetProperty("frame").GetString()!,
                CapturedUtc = root.GetProperty("captured_utc").GetDateTimeOffset(),
                Width = size[0].GetInt32(),
                Height = size[1].GetInt32(),
                Score = root.GetProperty("score").GetDouble(),
                Agreement = root.TryGetProperty("agreement", out var agreement) ? agreement.GetDouble() : null,
                Mask =
                    mask.ValueKind == JsonValueKind.Null
                        ? null
                        : new SampleMask(
                            root.GetProperty("area").GetInt32(),
                            [.. root.GetProperty("box").EnumerateArray().Select(v => v.GetInt32())],
                            mask.GetProperty("counts").GetString()!
                        ),
                Model = root.GetProperty("model").GetString()!,
                Day = (root.GetProperty("day_begin_utc").GetDateTimeOffset(), root.GetProperty("day_count").GetInt32()),
            };
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
