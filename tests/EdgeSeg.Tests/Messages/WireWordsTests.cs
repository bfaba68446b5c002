using System.Text.Json.Nodes;
using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Sampling;
using EdgeSeg.Vision;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Tracking;
using Xunit;

namespace EdgeSeg.Messages;

/// <summary>Every word of an enum is in docs/asyncapi.yaml, and the document has no other.</summary>
public class WireWordsTests
{
    private static readonly AsyncApi api = AsyncApi.Load();

    private static string[] Documented(params string[] path)
    {
        JsonNode node = api.Document["components"]!["schemas"]!;
        foreach (var name in path)
            node = node[name] ?? throw new InvalidDataException($"docs/asyncapi.yaml has no {string.Join('/', path)}");
        return [.. node.AsArray().Where(n => n is not null).Select(n => n!.GetValue<string>())];
    }

    private static void Same<T>(Func<T, string> word, params string[] path)
        where T : struct, Enum => Assert.Equal(Documented(path).Order(), Enum.GetValues<T>().Select(word).Order());

    [Fact]
    public void The_words_of_the_code_are_those_of_the_document()
    {
        Same<CommandKind>(WireWords.ToWire, "Reply", "properties", "command", "enum");
        Same<CommandErrorCode>(WireWords.ToWire, "Reply", "properties", "error", "properties", "code", "enum");
        Same<ServiceState>(WireWords.ToWire, "Status", "properties", "state", "enum");
        Same<PromptSource>(WireWords.ToWire, "Mask", "properties", "prompt", "properties", "source", "enum");
        Same<CameraState>(CameraStates.ToWire, "CameraState", "properties", "state", "enum");
        Same<TrackState>(WireWords.ToWire, "Mask", "properties", "track", "properties", "state", "enum");
        Same<SampleReason>(SampleReasons.ToWire, "KeptSample", "properties", "reason", "enum");
        Same<CameraMode>(CameraModes.ToWire, "SetCommand", "properties", "mode", "enum");
    }

    [Fact]
    public void Stages_and_causes_of_drops_are_the_fields_of_the_document()
    {
        string[] Fields(params string[] path)
        {
            JsonNode node = api.Document["components"]!["schemas"]!;
            foreach (var name in path)
                node = node[name]!;
            return [.. node.AsObject().Select(p => p.Key)];
        }

        Assert.Equal(Fields("Mask", "properties", "ms", "properties").Order(), Enum.GetValues<Stage>().Select(StageTimes.ToWire).Order());
        Assert.Equal(
            Fields("CameraTelemetry", "properties", "drops", "properties").Order(),
            Enum.GetValues<DropCause>().Select(Drops.ToWire).Order()
        );
    }

    [Fact]
    public void A_word_that_was_written_is_read_as_the_same_value()
    {
        Assert.All(Enum.GetValues<CommandKind>(), kind => Assert.Equal(kind, WireWords.CommandFromWire(kind.ToWire())));
        Assert.All(Enum.GetValues<ServiceState>(), state => Assert.Equal(state, WireWords.ServiceStateFromWire(state.ToWire())));
        Assert.All(Enum.GetValues<CameraMode>(), mode => Assert.Equal(mode, CameraModes.FromWire(mode.ToWire())));
        Assert.All(Enum.GetValues<SampleReason>(), reason => Assert.Equal(reason, SampleReasons.FromWire(reason.ToWire())));
        Assert.All(Enum.GetValues<ModelPrecision>(), value => Assert.Equal(value, ModelPrecisions.FromWire(value.ToWire())));
        Assert.Null(WireWords.CommandFromWire("Click"));
        Assert.Null(WireWords.ServiceStateFromWire(null));
        Assert.Null(CameraModes.FromWire(""));
    }
}
