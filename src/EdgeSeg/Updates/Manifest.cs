using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeSeg.Messages;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// What a signed message asks for. <see cref="Action"/>: <c>install</c> a bundle; <c>pause</c> the roll-out (nothing moves until a later
/// manifest); <c>abort</c> it (what is not good yet is taken back); <c>keys</c> (the trusted keys are these from now on).
/// </summary>
internal sealed record Manifest
{
    public const string TypeName = "edgeseg-model";

    /// <summary>Always <see cref="TypeName"/>: a signature over something else of the same keys cannot be passed off as a manifest.</summary>
    [JsonRequired]
    public string Type { get; init; } = "";

    [JsonRequired]
    public int V { get; init; }

    [JsonRequired]
    public string Action { get; init; } = "";

    /// <summary>Counts the manifests that the signers issue; a device takes none that is older than the newest it has taken.</summary>
    [JsonRequired]
    public long Serial { get; init; }

    /// <summary>When it was signed; a device's clock is never believed to be earlier.</summary>
    [JsonRequired]
    public DateTimeOffset Issued { get; init; }

    /// <summary>From then on it is refused.</summary>
    [JsonRequired]
    public DateTimeOffset Expires { get; init; }

    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Present where the action is <c>install</c>.</summary>
    public BundleInfo? Bundle { get; init; }

    public Rollout? Rollout { get; init; }

    /// <summary>Present where the action is <c>keys</c>.</summary>
    public KeySetInfo? Keys { get; init; }

    /// <exception cref="UpdateException">It cannot be read, or says what no manifest may say.</exception>
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

/// <summary>A bundle: one set of files that belong together (encoder and decoder never mix), and what must be true of it.</summary>
internal sealed record BundleInfo
{
    [JsonRequired]
    public string Name { get; init; } = "";

    /// <summary>A counter that only goes up, for each name.</summary>
    [JsonRequired]
    public int Version { get; init; }

    /// <summary>Folder of the files: https://, http:// (where the device allows it) or file:// (below the device's own folder for sticks). Ends with a slash.</summary>
    [JsonRequired]
    public string Url { get; init; } = "";

    [JsonRequired]
    public IReadOnlyList<BundleFile> Files { get; init; } = [];

    public Compatible Compatible { get; init; } = new();

    /// <summary>mIoU and the like, for people and dashboards: figure by name.</summary>
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

/// <summary>What a device must be. Empty: any.</summary>
internal sealed record Compatible
{
    /// <summary>Machines, as <c>edgeseg info</c> names them: linux-x64, linux-arm64.</summary>
    public IReadOnlyList<string> Machines { get; init; } = [];

    /// <summary>Beginnings of board names, as the device tree has them: "Raspberry Pi 5".</summary>
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

    /// <summary>Least IoU of each mask with the expected one.</summary>
    public double MinIou { get; init; } = 0.95;

    /// <summary>Most that its time may be of the time of the model in use, both run in turns.</summary>
    public double MaxLatencyRatio { get; init; } = 2;

    /// <summary>Most memory of the whole child process, in MiB.</summary>
    public int MaxMemoryMib { get; init; } = 768;
}

/// <summary>What live frames must show before the model is called good. The margins are towards the former model on the same device.</summary>
internal sealed record LiveTerms
{
    /// <summary>Automatic results to look at.</summary>
    public int Frames { get; init; } = 30;

    /// <summary>Most that the share of frames with something found may fall.</summary>
    public double FoundRateDrop { get; init; } = 0.3;

    /// <summary>Most that the mean predicted IoU may fall.</summary>
    public double PredictedIouDrop { get; init; } = 0.2;

    /// <summary>Most that the mean mask area may grow or shrink, as a factor.</summary>
    public double AreaFactor { get; init; } = 3;

    /// <summary>After so long without enough results it is good on the canary's word, in seconds: a device that answers commands only has none.</summary>
    public int WaitS { get; init; } = 3600;
}

/// <summary>A device takes part when its share, a hash of salt and device id in 0..100, is below <see cref="Percent"/>.</summary>
internal sealed record Rollout
{
    [JsonRequired]
    public double Percent { get; init; }

    [JsonRequired]
    public string Salt { get; init; } = "";
}

/// <summary>The keys from now on. <see cref="Number"/> is exactly one more than that of the keys in force.</summary>
internal sealed record KeySetInfo
{
    [JsonRequired]
    public int Number { get; init; }

    [JsonRequired]
    public int Threshold { get; init; }

    /// <summary>Public keys, PEM.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Ids of keys that are never trusted again, also when a file brings them back.</summary>
    public IReadOnlyList<string> Revoked { get; init; } = [];
}
