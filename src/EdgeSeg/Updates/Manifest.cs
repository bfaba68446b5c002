using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// What a signed message asks for. <see cref="Action"/>: <c>install</c> a bundle; <c>pause</c> the roll-out (no device goes on until a
/// later manifest); <c>abort</c> it (a model on trial is rolled back); <c>keys</c> (these are the trusted keys from now on).
/// </summary>
internal sealed record Manifest
{
    public const string TypeName = "edgeseg-model";

    /// <summary>Always <see cref="TypeName"/>: what the same keys sign for another purpose cannot be used as a manifest.</summary>
    [JsonRequired]
    public string Type { get; init; } = "";

    [JsonRequired]
    public int V { get; init; }

    [JsonRequired]
    public string Action { get; init; } = "";

    /// <summary>Counts the manifests that the signers issue; a device accepts none that is older than the newest it has accepted.</summary>
    [JsonRequired]
    public long Serial { get; init; }

    /// <summary>When it was signed; the device's time is never earlier from then on.</summary>
    [JsonRequired]
    public DateTimeOffset Issued { get; init; }

    /// <summary>From this time on it is refused.</summary>
    [JsonRequired]
    public DateTimeOffset Expires { get; init; }

    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Present where the action is <c>install</c>.</summary>
    public BundleInfo? Bundle { get; init; }

    public Rollout? Rollout { get; init; }

    /// <summary>Present where the action is <c>keys</c>.</summary>
    public KeySetInfo? Keys { get; init; }

    /// <exception cref="UpdateException">It cannot be read, or breaks a rule of manifests.</exception>
    public static Manifest Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize(bytes, UpdateJson.Default.Manifest) ?? throw new JsonException("it is null");
            return ManifestRules.Fault(manifest) is { } fault
                ? throw new UpdateException(UpdateReason.BadManifest, $"the manifest cannot be used: {fault}")
                : manifest;
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new UpdateException(UpdateReason.BadManifest, $"the manifest cannot be read: {JsonFault.Text(e)}");
        }
    }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, UpdateJson.Default.Manifest);
}

/// <summary>A bundle: files that belong together (encoders and decoders never mix), and the conditions for it.</summary>
internal sealed record BundleInfo
{
    [JsonRequired]
    public string Name { get; init; } = "";

    /// <summary>A counter that only goes up, for each name.</summary>
    [JsonRequired]
    public int Version { get; init; }

    /// <summary>
    /// Folder of the files: https://, http:// (where the device allows it) or file:// (below <c>update.file_root</c>). The path ends with a
    /// slash; a query, such as the signature of an address, is sent with each file.
    /// </summary>
    [JsonRequired]
    public string Url { get; init; } = "";

    [JsonRequired]
    public IReadOnlyList<BundleFile> Files { get; init; } = [];

    public Compatible Compatible { get; init; } = new();

    /// <summary>Figures by name for people and dashboards, for example the mIoU.</summary>
    public IReadOnlyDictionary<string, double> Quality { get; init; } = new Dictionary<string, double>();

    [JsonRequired]
    public CanaryTerms Canary { get; init; } = new();

    public LiveTerms Live { get; init; } = new();

    /// <summary>All files together, in bytes.</summary>
    [JsonIgnore]
    public long Bytes => Files.Sum(f => f.Bytes);
}

/// <summary><see cref="Name"/> is a plain file name; <see cref="Sha256"/> 64 lower-case hex digits.</summary>
internal sealed record BundleFile
{
    [JsonRequired]
    public string Name { get; init; } = "";

    [JsonRequired]
    public long Bytes { get; init; }

    [JsonRequired]
    public string Sha256 { get; init; } = "";
}

/// <summary>Which devices it suits. Empty: any.</summary>
internal sealed record Compatible
{
    /// <summary>Machines as <c>edgeseg info</c> names them: linux-x64, linux-arm64.</summary>
    public IReadOnlyList<string> Machines { get; init; } = [];

    /// <summary>Beginnings of board names as in the device tree: "Raspberry Pi 5".</summary>
    public IReadOnlyList<string> Boards { get; init; } = [];

    public string MinEdgeseg { get; init; } = "0";

    public string MinRuntime { get; init; } = "0";
}

/// <summary>What the canary run must show.</summary>
internal sealed record CanaryTerms
{
    /// <summary>The file of the bundle that holds the cases (<see cref="CanaryCases"/>).</summary>
    [JsonRequired]
    public string Cases { get; init; } = "";

    /// <summary>Lowest IoU of each mask with the expected one.</summary>
    public double MinIou { get; init; } = 0.95;

    /// <summary>Longest time, as a multiple of the model in use; both run in turn.</summary>
    public double MaxLatencyRatio { get; init; } = 2;

    /// <summary>Largest memory of the whole child process, in MiB.</summary>
    public int MaxMemoryMib { get; init; } = 768;
}

/// <summary>What live frames must show before the model is good. The margins are relative to the former model on the same device.</summary>
internal sealed record LiveTerms
{
    /// <summary>Number of automatic results that are compared.</summary>
    public int Frames { get; init; } = 30;

    /// <summary>Largest fall of the share of frames in which something was found.</summary>
    public double FoundRateDrop { get; init; } = 0.3;

    /// <summary>Largest fall of the mean predicted IoU.</summary>
    public double PredictedIouDrop { get; init; } = 0.2;

    /// <summary>Largest factor by which the mean mask area may grow or shrink.</summary>
    public double AreaFactor { get; init; } = 3;

    /// <summary>
    /// After this time without enough results the canary's result suffices, in seconds: a device that only answers commands has no
    /// automatic results.
    /// </summary>
    public int WaitS { get; init; } = 3600;
}

/// <summary>
/// A device takes part when its share, a hash of salt and device id in 0..100, is below <see cref="Percent"/>, and it is among
/// <see cref="Devices"/> and has one of <see cref="Tags"/> where these are given. See <see cref="RolloutShare"/>.
/// </summary>
internal sealed record Rollout
{
    [JsonRequired]
    public double Percent { get; init; }

    [JsonRequired]
    public string Salt { get; init; } = "";

    /// <summary>Ids of the devices; null: all.</summary>
    public IReadOnlyList<string>? Devices { get; init; }

    /// <summary>Tags of which a device must have one; null: any device.</summary>
    public IReadOnlyList<string>? Tags { get; init; }
}

/// <summary>
/// A key set, as TUF's root role: signed by a threshold of the former set and by a threshold of its own. <see cref="Number"/> is one more
/// than that of the former set.
/// </summary>
internal sealed record KeySetInfo
{
    [JsonRequired]
    public int Number { get; init; }

    [JsonRequired]
    public int Threshold { get; init; }

    /// <summary>Public keys, PEM.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Ids of keys that are never trusted again, even if a later set names them.</summary>
    public IReadOnlyList<string> Revoked { get; init; } = [];
}
