using System.Text.Json;

namespace EdgeSeg.Configuration;

/// <summary>Reads JSON (comments and trailing commas are allowed) into entries with their lines.</summary>
internal ref struct JsonEntries
{
    private readonly string source;
    private readonly List<Entry> entries;
    private readonly ReadOnlySpan<byte> text;
    private Utf8JsonReader reader;
    private int line;
    private int counted;

    private JsonEntries(string source, ReadOnlySpan<byte> text, List<Entry> entries)
    {
        this.source = source;
        this.text = text;
        this.entries = entries;
        var options = new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        reader = new Utf8JsonReader(text, options);
        line = 1;
    }

    /// <summary>
    /// Appends all entries of a text; the first syntax error goes to <paramref name="faults"/>, and then no entry is added.
    /// </summary>
    public static void Read(string source, ReadOnlySpan<byte> text, List<Entry> entries, Faults faults)
    {
        List<Entry> read = [];
        var json = new JsonEntries(source, text, read);
        try
        {
            json.Document(faults);
        }
        catch (JsonException e)
        {
            faults.Add(new Origin(source, (int)(e.LineNumber ?? 0) + 1), $"not JSON: {Value.OneLine(FirstSentence(e.Message))}");
            return;
        }
        catch (InvalidOperationException)
        {
            // the reader's error for an escape such as \ud800
            faults.Add(json.Here(), "not JSON: a string holds an unpaired surrogate");
            return;
        }

        entries.AddRange(read);
    }

    private void Document(Faults faults)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            faults.Add(Here(), "must be an object: { ... }");
        else
            Members("");
        while (reader.Read()) { }
    }

    private void Members(string path)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var at = Here();
            var member = Paths.Join(path, reader.GetString()!);
            reader.Read();
            Item(member, at);
        }
    }

    private void Item(string path, Origin at)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            entries.Add(new Entry(path, new Value(ValueKind.Table, ""), at));
            Members(path);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            List(path, at);
        }
        else
        {
            entries.Add(new Entry(path, Scalar(), at));
        }
    }

    /// <summary>A list that contains an object is a list of tables; any other list is a value.</summary>
    private void List(string path, Origin at)
    {
        List<Value> items = [];
        var tables = false;
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                tables = true;
                Item($"{path}[{index}]", Here());
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                reader.Skip();
                items.Add(new Value(ValueKind.Other, "[...]"));
            }
            else
            {
                items.Add(Scalar());
            }
        }

        if (!tables || items.Count > 0)
            entries.Add(new Entry(path, new Value(ValueKind.List, "", 0, items), at));
    }

    private readonly Value Scalar() =>
        reader.TokenType switch
        {
            JsonTokenType.String => new Value(ValueKind.Text, reader.GetString()!),
            JsonTokenType.True => Value.Of(true),
            JsonTokenType.False => Value.Of(false),
            JsonTokenType.Number when reader.TryGetInt64(out var n) => Value.Of(n),
            JsonTokenType.Number when reader.TryGetDouble(out var n) => Value.Of(n),
            _ => new Value(ValueKind.Other, "null"),
        };

    /// <summary>The line of the current token; counting continues where the last call ended.</summary>
    private Origin Here()
    {
        var until = (int)reader.TokenStartIndex;
        if (until > counted)
        {
            line += text[counted..until].Count((byte)'\n');
            counted = until;
        }

        return new Origin(source, line);
    }

    /// <summary>The library appends a position whose lines count from 0.</summary>
    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }
}
