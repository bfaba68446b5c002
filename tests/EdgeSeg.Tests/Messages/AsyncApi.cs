using System.Text.Json;
using System.Text.Json.Nodes;
using NJsonSchema;
using YamlDotNet.RepresentationModel;

namespace EdgeSeg.Messages;

/// <summary>The schemas of docs/asyncapi.yaml, ready to hold messages against.</summary>
internal sealed class AsyncApi
{
    private readonly JsonObject schemas;
    private readonly Dictionary<string, JsonSchema> ready = [];

    private AsyncApi(JsonObject document)
    {
        Document = document;
        schemas = document["components"]!["schemas"]!.AsObject();
    }

    public JsonObject Document { get; }

    public static AsyncApi Load()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "EdgeSeg.sln")))
            folder = folder.Parent;
        using var text = File.OpenText(Path.Combine(folder!.FullName, "docs", "asyncapi.yaml"));
        var yaml = new YamlStream();
        yaml.Load(text);
        return new AsyncApi(ToJson(yaml.Documents[0].RootNode)!.AsObject());
    }

    /// <summary>What a message breaks of its schema; empty when it keeps to it.</summary>
    public IReadOnlyList<string> Errors(string schema, string json)
    {
        if (!ready.TryGetValue(schema, out var validator))
        {
            // the schema itself at the top: the library loses one that the top only refers to when others refer to it as well
            var whole = schemas[schema]!.DeepClone().AsObject();
            whole["definitions"] = schemas.DeepClone();
            validator = ready[schema] = JsonSchema
                .FromJsonAsync(whole.ToJsonString().Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal))
                .GetAwaiter()
                .GetResult();
        }

        return [.. validator.Validate(json).Select(e => e.ToString())];
    }

    private static JsonNode? ToJson(YamlNode node) =>
        node switch
        {
            YamlMappingNode map => new JsonObject(
                map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, ToJson(c.Value)))
            ),
            YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
            YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "true" or "false" or "null" }
            or YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: [(>= '0' and <= '9') or '-', ..] } => PlainToJson(
                ((YamlScalarNode)node).Value!
            ),
            YamlScalarNode scalar => scalar.Value,
            _ => throw new InvalidDataException($"unknown YAML node {node}"),
        };

    private static JsonNode? PlainToJson(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
