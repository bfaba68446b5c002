using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EdgeSeg.Messages;

/// <summary>
/// A JSON writer and its buffer, reused by one thread: once the largest message was written, the frame path's writing allocates nothing.
/// </summary>
internal sealed class JsonBuffer : IDisposable
{
    // payloads are JSON documents, not parts of an HTML page: only quotes, backslashes and control characters need escaping
    // (the default encoder would make six bytes of many a character of a run-length string)
    private static readonly JsonWriterOptions options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> bytes;
    private readonly Utf8JsonWriter writer;

    public JsonBuffer(int capacity = 8192)
    {
        bytes = new ArrayBufferWriter<byte>(capacity);
        writer = new Utf8JsonWriter(bytes, options);
    }

    /// <summary>The message last written; valid until the next <see cref="Begin"/>.</summary>
    public ReadOnlySpan<byte> Written => bytes.WrittenSpan;

    /// <summary>Discards the last message and opens a new object.</summary>
    public Utf8JsonWriter Begin()
    {
        bytes.ResetWrittenCount();
        writer.Reset();
        writer.WriteStartObject();
        return writer;
    }

    /// <summary>Closes the object; its bytes are in <see cref="Written"/>.</summary>
    public ReadOnlySpan<byte> End()
    {
        writer.WriteEndObject();
        writer.Flush();
        return bytes.WrittenSpan;
    }

    /// <summary>Writes a whole message; its bytes are valid until the next one.</summary>
    public ReadOnlySpan<byte> Write<T>(T message, JsonTypeInfo<T> type)
    {
        bytes.ResetWrittenCount();
        writer.Reset();
        JsonSerializer.Serialize(writer, message, type);
        writer.Flush();
        return bytes.WrittenSpan;
    }

    public void Dispose() => writer.Dispose();
}

/// <summary>Numbers in messages: rounded to their precision, never NaN or infinite, which JSON does not have.</summary>
internal static class JsonNumbers
{
    /// <summary>Writes a number rounded to <paramref name="digits"/> places; one that is not finite becomes 0.</summary>
    public static void WriteRounded(this Utf8JsonWriter json, ReadOnlySpan<byte> name, double value, int digits)
    {
        json.WritePropertyName(name);
        json.WriteRoundedValue(value, digits);
    }

    public static void WriteRoundedValue(this Utf8JsonWriter json, double value, int digits) => json.WriteNumberValue(Round(value, digits));

    /// <summary>The number rounded to <paramref name="digits"/> places; one that is not finite becomes 0.</summary>
    public static double Round(double value, int digits) => double.IsFinite(value) ? Math.Round(value, digits) : 0;

    public static void WriteOptional(this Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
            json.WriteNull(name);
        else
            json.WriteString(name, value);
    }
}
