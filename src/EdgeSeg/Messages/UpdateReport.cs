namespace EdgeSeg.Messages;

/// <summary>
/// Where the updates are, for people and fleets. <see cref="State"/> is one of the words below; <see cref="Reason"/> one of
/// <see cref="UpdateReason"/> or null.
/// </summary>
internal sealed record UpdateReport(
    string State,
    string? Name = null,
    int? Version = null,
    long? Serial = null,
    string? Reason = null,
    string? Text = null
)
{
    public const string Idle = "idle";
    public const string Waiting = "waiting";
    public const string Downloading = "downloading";
    public const string Verifying = "verifying";
    public const string Canary = "canary";
    public const string Trial = "trial";
    public const string Active = "active";
    public const string Refused = "refused";
    public const string RolledBack = "rolled_back";

    public long? Bytes { get; init; }

    public long? BytesTotal { get; init; }
}
