using EdgeSeg.Configuration;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Messages;

/// <summary>A model as <c>info</c> describes it.</summary>
/// <param name="Role">What it is used for, for example <c>segmenter</c>.</param>
/// <param name="Model">Name, version, hash, precision.</param>
/// <param name="WeightsLicence">What the weights may be used for.</param>
/// <param name="Zoom">Whether a second pass on a crop is made with it.</param>
/// <param name="NegativeClicks">Whether it knows points off the object.</param>
internal sealed record InfoModel(string Role, ModelInfo Model, string WeightsLicence, bool Zoom, bool NegativeClicks);

/// <summary>
/// A camera as <c>info</c> describes it. Never its URI, which may hold a password: <see cref="Kind"/> is the URI's scheme.
/// </summary>
internal sealed record InfoCamera(string Id, string Kind, int Width, int Height, LiveSettings Live);

/// <summary>Content of <c>info</c>.</summary>
internal sealed class InfoContent
{
    public required string Device { get; init; }

    public required string Session { get; init; }

    /// <summary>Fleet id; empty: none.</summary>
    public string Fleet { get; init; } = "";

    /// <summary>Tags by which a roll-out may choose the device.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Names and versions: edgeseg itself, the runtime, the native libraries.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Versions { get; init; }

    public required IReadOnlyList<InfoModel> Models { get; init; }

    /// <summary>ONNX Runtime's execution provider in use.</summary>
    public required string Provider { get; init; }

    /// <summary>Providers that were requested or tried and are not used, each with its reason.</summary>
    public IReadOnlyList<string> PassedOver { get; init; } = [];

    /// <summary>Why the models run in the precision they do, in a sentence.</summary>
    public required string PrecisionReason { get; init; }

    public required IReadOnlyList<InfoCamera> Cameras { get; init; }

    /// <summary>Commands understood, as topic names.</summary>
    public required IReadOnlyList<string> Commands { get; init; }
}

/// <summary>Body of <c>info</c>.</summary>
internal sealed record InfoBody(
    int V,
    string Device,
    string Session,
    string? Fleet,
    IReadOnlyList<string> Tags,
    Dictionary<string, string> Versions,
    InfoModelBody[] Models,
    string Provider,
    IReadOnlyList<string> ProvidersPassedOver,
    string PrecisionReason,
    InfoCameraBody[] Cameras,
    InfoLimits Limits,
    IReadOnlyList<string> Commands
);

/// <summary>An <see cref="InfoModel"/> on the wire.</summary>
internal sealed record InfoModelBody(
    string Role,
    string Name,
    string Version,
    string Sha256,
    string Precision,
    string WeightsLicence,
    bool Zoom,
    bool NegativeClicks
);

/// <summary>
/// An <see cref="InfoCamera"/> on the wire; <see cref="Image"/>: width and height in pixels. The others are what <c>cmd/set</c> changes, as
/// they are now in force.
/// </summary>
internal sealed record InfoCameraBody(
    string Id,
    string Kind,
    int[] Image,
    string Mode,
    double MaxFps,
    double IntervalS,
    double MinScore,
    double MinArea
);

/// <summary>Largest message and command in bytes, most points of a prompt.</summary>
internal sealed record InfoLimits(int MessageBytes, int CommandBytes, int Points);

/// <summary>The retained <c>info</c>, version 1; schema <c>Info</c> in docs/asyncapi.yaml.</summary>
internal static class InfoMessage
{
    private static readonly InfoLimits limits = new(MessageLimits.MaxMessageBytes, MessageLimits.MaxCommandBytes, PromptBuffer.MaxPoints);

    public static ReadOnlySpan<byte> Write(JsonBuffer to, InfoContent info) =>
        to.Write(
            new InfoBody(
                1,
                info.Device,
                info.Session,
                info.Fleet.Length == 0 ? null : info.Fleet,
                info.Tags,
                new Dictionary<string, string>(info.Versions),
                [.. info.Models.Select(Model)],
                info.Provider,
                info.PassedOver,
                info.PrecisionReason,
                [.. info.Cameras.Select(Camera)],
                limits,
                info.Commands
            ),
            MessageJson.Default.InfoBody
        );

    private static InfoCameraBody Camera(InfoCamera camera) =>
        new(
            camera.Id,
            camera.Kind,
            [camera.Width, camera.Height],
            camera.Live.Mode.ToWire(),
            Math.Round(camera.Live.MaxFps, 3),
            Math.Round(camera.Live.IntervalS, 3),
            Math.Round(camera.Live.MinScore, 4),
            Math.Round(camera.Live.MinArea, 6)
        );

    private static InfoModelBody Model(InfoModel model) =>
        new(
            model.Role,
            model.Model.Name,
            model.Model.Version,
            model.Model.Sha256,
            model.Model.Precision,
            model.WeightsLicence,
            model.Zoom,
            model.NegativeClicks
        );
}
