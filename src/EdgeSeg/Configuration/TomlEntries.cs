using Tomlyn;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace EdgeSeg.Configuration;

/// <summary>
/// Reads TOML into entries with their lines. It knows the notation only; <see cref="Binder"/> checks names and duplicates.
/// </summary>
internal sealed class TomlEntries(string source, List<Entry> entries)
{
    private readonly Dictionary<string, int> lists = [];

    /// <summary>Appends all entries of a text; syntax errors go to <paramref name="faults"/>, and then no entry is added.</summary>
    public static void Read(string source, string text, List<Entry> entries, Faults faults)
    {
        DocumentSyntax document;
        try
        {
            document = SyntaxParser.Parse(text, source, validate: false);
        }
        catch (TomlException)
        {
            faults.Add(new Origin(source), "lists or tables are nested too deeply");
            return;
        }

        if (document.HasErrors)
        {
            AddFaults(source, document, faults);
            return;
        }

        var reader = new TomlEntries(source, entries);
        reader.Members("", document.KeyValues);
        foreach (var table in document.Tables)
            reader.Table(table);
    }

    /// <summary>One error for each line: after an error the parser continues and reports its consequences.</summary>
    private static void AddFaults(string source, DocumentSyntax document, Faults faults)
    {
        var last = 0;
        foreach (var message in document.Diagnostics.OrderBy(d => d.Span.Start.Line))
        {
            var line = message.Span.Start.Line + 1;
            if (line == last)
                continue;
            last = line;
            faults.Add(new Origin(source, line), $"not TOML: {Value.OneLine(message.Message)}");
        }
    }

    private void Table(TableSyntaxBase table)
    {
        if (table.Name is null)
            return;
        var names = Names(table.Name);
        var path = "";
        for (var i = 0; i < names.Count; i++)
        {
            path = Paths.Join(path, names[i]);
            if (i == names.Count - 1 && table is TableArraySyntax)
            {
                var count = lists[path] = lists.GetValueOrDefault(path) + 1;
                path += $"[{count - 1}]";
            }
            else if (lists.TryGetValue(path, out var count))
            {
                // [camera.x] after [[camera]] belongs to the last camera
                if (i < names.Count - 1)
                    path += $"[{count - 1}]";
            }
        }

        Add(path, new Value(ValueKind.Table, ""), table);
        Members(path, table.Items);
    }

    private void Members(string path, SyntaxList<KeyValueSyntax> members)
    {
        foreach (var member in members)
            Member(path, member);
    }

    private void Member(string path, KeyValueSyntax member)
    {
        if (member.Key is null || member.Value is null)
            return;
        foreach (var name in Names(member.Key))
            path = Paths.Join(path, name);
        Item(path, member.Value, member);
    }

    private void Item(string path, ValueSyntax value, SyntaxNode at)
    {
        if (value is InlineTableSyntax table)
        {
            Add(path, new Value(ValueKind.Table, ""), at);
            foreach (var item in table.Items)
            {
                if (item.KeyValue is not null)
                    Member(path, item.KeyValue);
            }
        }
        else if (value is ArraySyntax list && list.Items.Any(i => i.Value is InlineTableSyntax))
        {
            var index = 0;
            foreach (var item in list.Items)
            {
                if (item.Value is not null)
                    Item($"{path}[{index++}]", item.Value, item);
            }
        }
        else
        {
            Add(path, Scalar(value), at);
        }
    }

    private static Value Scalar(ValueSyntax value) =>
        value switch
        {
            StringValueSyntax s => new Value(ValueKind.Text, s.Value ?? ""),
            IntegerValueSyntax n => Value.Of(n.Value),
            FloatValueSyntax n => Value.Of(n.Value),
            BooleanValueSyntax b => Value.Of(b.Value),
            ArraySyntax a => new Value(ValueKind.List, "", 0, [.. a.Items.Where(i => i.Value is not null).Select(i => Scalar(i.Value!))]),
            _ => new Value(ValueKind.Other, value.ToString().Trim()),
        };

    private void Add(string path, Value value, SyntaxNode at) =>
        entries.Add(new Entry(path, value, new Origin(source, at.Span.Start.Line + 1)));

    private static List<string> Names(KeySyntax key)
    {
        List<string> names = [Name(key.Key)];
        foreach (var dotted in key.DotKeys)
            names.Add(Name(dotted.Key));
        return names;
    }

    private static string Name(BareKeyOrStringValueSyntax? key) =>
        key switch
        {
            BareKeySyntax bare => bare.Key?.Text ?? "",
            StringValueSyntax quoted => quoted.Value ?? "",
            _ => "",
        };
}
