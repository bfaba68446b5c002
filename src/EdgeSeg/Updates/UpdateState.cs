using System.Text.Json.Serialization;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Updates;

/// <summary>
/// All that the updates must not forget, in one record that is replaced as a whole (<see cref="StateFile"/>). Which model serves is said by the
/// link of <see cref="SlotStore"/>, not here.
/// </summary>
internal sealed record UpdateState
{
    public const int Known = 1;

    [JsonRequired]
    public int Schema { get; init; } = Known;

    /// <summary>Counts the writes: of two copies the later one holds.</summary>
    public long Writes { get; init; }

    public UpdatePhase Phase { get; init; }

    /// <summary>Slot of the update on its way; null when idle.</summary>
    public string? Slot { get; init; }

    /// <summary>Slot that served before the trial; null: the bundle shipped with the program.</summary>
    public string? Former { get; init; }

    /// <summary>Starts since the trial began that have not ended properly.</summary>
    public int Starts { get; init; }

    public DateTimeOffset? TrialSince { get; init; }

    /// <summary>Figures of the former model, for the trial.</summary>
    public LiveStats? Baseline { get; init; }

    /// <summary>The signed margins, for the trial.</summary>
    public LiveTerms? Terms { get; init; }

    /// <summary>Why the update is being taken back, and a sentence on it.</summary>
    public string? Reason { get; init; }

    public string? Text { get; init; }

    /// <summary>How the last update ended; told again after a restart.</summary>
    public LastOutcome? Last { get; init; }

    /// <summary>Greatest serial taken, and the SHA-256 of the manifest that had it.</summary>
    public long Serial { get; init; }

    public string? SerialId { get; init; }

    /// <summary>Greatest version that was good, by name.</summary>
    public IReadOnlyDictionary<string, int> Floors { get; init; } = new Dictionary<string, int>();

    /// <summary>Newest time that was seen on a clock worth believing or in a signed manifest.</summary>
    public DateTimeOffset NewestTime { get; init; }

    /// <summary>Manifests that failed for good, newest last.</summary>
    public IReadOnlyList<FailedUpdate> Failed { get; init; } = [];

    /// <summary>The rotated keys; null: those of the settings are in force.</summary>
    public KeySetInfo? Keys { get; init; }

    /// <summary>SHA-256 of the manifest that brought them.</summary>
    public string? KeysId { get; init; }
}

/// <param name="Id">SHA-256 of the manifest: the same bundle under a later serial is another try.</param>
/// <param name="Reason">One of <see cref="UpdateReason"/>.</param>
/// <param name="Text">A sentence.</param>
internal sealed record FailedUpdate(string Id, string Reason, string Text);

/// <param name="State">A word of <see cref="UpdateReport"/>.</param>
/// <param name="Slot">The bundle it was about.</param>
/// <param name="Serial">Of its manifest.</param>
/// <param name="Reason">One of <see cref="UpdateReason"/>; null: it went well.</param>
/// <param name="Text">A sentence.</param>
internal sealed record LastOutcome(string State, string? Slot, long Serial, string? Reason, string? Text);
