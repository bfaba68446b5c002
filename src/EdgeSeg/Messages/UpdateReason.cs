namespace EdgeSeg.Messages;

/// <summary>Why an update was refused, is waiting, or was taken back: the stable words of <c>model/state</c>.</summary>
internal static class UpdateReason
{
    // the envelope and its signatures
    public const string BadEnvelope = "bad_envelope";
    public const string Unsigned = "unsigned";
    public const string UnknownAlgorithm = "unknown_algorithm";
    public const string UnknownSigner = "unknown_signer";
    public const string RevokedSigner = "revoked_signer";
    public const string ExpiredSigner = "expired_signer";
    public const string BadSignature = "bad_signature";
    public const string Threshold = "threshold";
    public const string NoKeys = "no_keys";

    // the manifest
    public const string BadManifest = "bad_manifest";
    public const string Replayed = "replayed";
    public const string Downgrade = "downgrade";
    public const string Expired = "expired";
    public const string Incompatible = "incompatible";
    public const string Pinned = "pinned";
    public const string FailedBefore = "failed_before";
    public const string SourceRefused = "source_refused";
    public const string KeySetNotNext = "key_set_not_next";

    // waiting
    public const string NotBefore = "not_before";
    public const string NotInRollout = "not_in_rollout";
    public const string Paused = "paused";
    public const string Held = "held";
    public const string Window = "window";
    public const string Busy = "busy";

    // while downloading and installing; the first five are tried again
    public const string Unreachable = "unreachable";
    public const string Stalled = "stalled";
    public const string TooShort = "too_short";
    public const string DiskFull = "disk_full";
    public const string DiskFailed = "disk_failed";
    public const string TooLong = "too_long";
    public const string WrongHash = "wrong_hash";
    public const string BadBundle = "bad_bundle";
    public const string InsecureRedirect = "insecure_redirect";

    // the canary
    public const string CanaryCrashed = "canary_crashed";
    public const string CanaryHung = "canary_hung";
    public const string CanaryMemory = "canary_memory";
    public const string CanaryOutput = "canary_output";
    public const string CanaryMasks = "canary_masks";
    public const string CanarySlow = "canary_slow";

    // after activation
    public const string DoesNotLoad = "does_not_load";
    public const string LiveQuality = "live_quality";
    public const string CrashLoop = "crash_loop";
    public const string Aborted = "aborted";
    public const string Operator = "operator";
    public const string SlotDamaged = "slot_damaged";
    public const string StateNewer = "state_newer";
    public const string StateUnreadable = "state_unreadable";
}

/// <summary>A step of an update did not go well. <see cref="Exception.Message"/> is one sentence for a person.</summary>
/// <param name="reason">One of <see cref="UpdateReason"/>.</param>
/// <param name="text">The sentence.</param>
/// <param name="retry">Trying again later can succeed.</param>
internal sealed class UpdateException(string reason, string text, bool retry = false) : Exception(text)
{
    public string Reason { get; } = reason;

    public bool Retry { get; } = retry;

    /// <summary>The least wait that a server asked for; null: none.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
