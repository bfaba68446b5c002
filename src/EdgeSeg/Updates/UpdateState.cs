using System.Text.Json.Serialization;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Updates;

/// <summary>
/// Everything that the updates must remember, in one record that is replaced as a whole (<see cref="StateFile"/>). The link of
/// <see cref="SlotStore"/>, not this record, states which model is in use.
/// </summary>
internal sealed record UpdateState
{
    /// <summary>2 added <see cref="TakenId"/>, <see cref="KeyChain"/> and <see cref="UpdateId"/>; 1 is read as well.</summary>
    public const int Known = 2;

    [JsonRequired]
    public int Schema { get; init; } = Known;

    /// <summary>Counts the writes: of two copies the one with the greater count is the newer.</summary>
    public long Writes { get; init; }

    public UpdatePhase Phase { get; init; }

    /// <summary>Slot of the update in progress; null when idle.</summary>
    public string? Slot { get; init; }

    /// <summary>SHA-256 and serial of the manifest of the model on trial; a later manifest may have been accepted meanwhile.</summary>
    public string? UpdateId { get; init; }

    public long? UpdateSerial { get; init; }

    /// <summary>Slot that served before the trial; null: the bundle shipped with the program.</summary>
    public string? Former { get; init; }

    /// <summary>Starts since the trial began that did not end with a proper stop.</summary>
    public int Starts { get; init; }

    public DateTimeOffset? TrialSince { get; init; }

    /// <summary>Live results of the former model, for the trial.</summary>
    public LiveStats? Baseline { get; init; }

    /// <summary>The signed margins, for the trial.</summary>
    public LiveTerms? Terms { get; init; }

    /// <summary>Why the update is being rolled back, and a sentence on it.</summary>
    public string? Reason { get; init; }

    public string? Text { get; init; }

    /// <summary>How the last update ended; reported again after a restart.</summary>
    public LastOutcome? Last { get; init; }

    /// <summary>Greatest serial accepted, and the SHA-256 of the manifest that had it.</summary>
    public long Serial { get; init; }

    public string? SerialId { get; init; }

    /// <summary>
    /// SHA-256 of the last accepted manifest that was not a key set. The same manifest may still be on the broker after its keys were
    /// replaced; what it asked for is done, so it is not refused.
    /// </summary>
    public string? TakenId { get; init; }

    /// <summary>Greatest version that was good, by name.</summary>
    public IReadOnlyDictionary<string, int> Floors { get; init; } = new Dictionary<string, int>();

    /// <summary>Newest time that was seen on a synchronised clock or in a signed manifest.</summary>
    public DateTimeOffset NewestTime { get; init; }

    /// <summary>Manifests that failed for good, newest last.</summary>
    public IReadOnlyList<FailedUpdate> Failed { get; init; } = [];

    /// <summary>The key set in force; null: the keys of the settings.</summary>
    public KeySetInfo? Keys { get; init; }

    /// <summary>SHA-256 of the manifest that brought it.</summary>
    public string? KeysId { get; init; }

    /// <summary>SHA-256 of the manifests of all key sets that were accepted, newest last.</summary>
    public IReadOnlyList<string> KeyChain { get; init; } = [];
}

/// <param name="Id">SHA-256 of the manifest: the same bundle under a later serial is another attempt.</param>
/// <param name="Reason">One of <see cref="UpdateReason"/>.</param>
/// <param name="Text">A sentence.</param>
internal sealed record FailedUpdate(string Id, string Reason, string Text);

/// <param name="State">A word of <see cref="UpdateReport"/>.</param>
/// <param name="Slot">The bundle.</param>
/// <param name="Serial">Serial of its manifest.</param>
/// <param name="Reason">One of <see cref="UpdateReason"/>; null: the update succeeded.</param>
/// <param name="Text">A sentence.</param>
internal sealed record LastOutcome(string State, string? Slot, long Serial, string? Reason, string? Text);
