using EdgeSeg.Configuration;
using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class UpdateLimits
{
    /// <summary>Largest signed manifest with its signatures, in bytes of the message: sixteen files and ten keys fit.</summary>
    public const int MaxEnvelopeBytes = MessageLimits.MaxCommandBytes;

    /// <summary>Signatures of one manifest: those of a former key set and of its own fit.</summary>
    public const int MaxSignatures = 16;

    /// <summary>Keys remembered as revoked.</summary>
    public const int MaxRevokedKeys = 64;

    /// <summary>Key sets of a chain that a device holds and remembers: decades of rotations.</summary>
    public const int MaxKeySets = 64;

    /// <summary>Greatest number of a key set: six digits of a topic's level.</summary>
    public const int MaxKeySetNumber = 999_999;

    /// <summary>Largest key file, in bytes: a P-256 key has 178.</summary>
    public const int MaxKeyBytes = 4 << 10;

    /// <summary>Greatest serial of a manifest: JSON numbers carry it exactly in every language.</summary>
    public const long MaxSerial = 1L << 53;

    /// <summary>Files of one bundle.</summary>
    public const int MaxBundleFiles = 16;

    /// <summary>All files of one bundle, in bytes.</summary>
    public const long MaxBundleBytes = 2L << 30;

    /// <summary>Figures of a bundle's quality.</summary>
    public const int MaxQualityFigures = 32;

    /// <summary>Characters of a file name of a bundle.</summary>
    public const int MaxFileNameLength = 100;

    /// <summary>Characters of a bundle's address, the signature of an address included.</summary>
    public const int MaxUrlLength = 1024;

    /// <summary>Devices that a roll-out names; more do not fit into an envelope beside a bundle: use a share or a tag.</summary>
    public const int MaxRolloutDevices = 128;

    /// <summary>Tags that a roll-out names.</summary>
    public const int MaxTags = ConfigurationLimits.MaxTags;

    /// <summary>Cases of a canary run: each is a picture through both models, several times.</summary>
    public const int MaxCanaryCases = 16;

    /// <summary>Largest file of canary cases, in bytes.</summary>
    public const int MaxCanaryCaseBytes = 1 << 20;

    /// <summary>Rounds in which the canary runs both models in turn; the median of each counts.</summary>
    public const int CanaryRounds = 5;

    /// <summary>Longest canary run, loading included, in ms: EfficientSAM on a slow board takes seconds a picture.</summary>
    public const int CanaryMs = 300_000;

    /// <summary>Largest result of a canary, in bytes.</summary>
    public const int MaxCanaryResultBytes = 16 << 10;

    /// <summary>Live results that a trial may ask for, and that the figures of the former model are taken from.</summary>
    public const int MaxLiveFrames = 10_000;

    /// <summary>Starts in a trial that ended without a proper stop, before the former model serves again.</summary>
    public const int TrialCrashes = 2;

    /// <summary>Manifests remembered as failed, so that none is tried for ever.</summary>
    public const int FailedKept = 16;

    /// <summary>
    /// Attempts at a bundle whose server sends wrong content: a proxy's page passes, a wrong file does not use up the data plan.
    /// </summary>
    public const int WrongContentTries = 3;

    /// <summary>Names whose greatest version is remembered.</summary>
    public const int MaxModelNames = 16;

    /// <summary>Largest state file of the updates, in bytes.</summary>
    public const int MaxUpdateStateBytes = 256 << 10;

    /// <summary>Disk left free beside a bundle that is fetched, in bytes.</summary>
    public const long UpdateReserveBytes = 32L << 20;

    /// <summary>
    /// First wait before a step is tried again, in ms; it doubles. Short: a connection that breaks often must still finish.
    /// </summary>
    public const int UpdateRetryMinMs = 2_000;

    /// <summary>Longest such wait: a fleet must not overload a server that was down for days, nor wait for half a day.</summary>
    public const int UpdateRetryMaxMs = 3_600_000;

    /// <summary>Longest wait that a server may ask for, in ms.</summary>
    public const int MaxRetryAfterMs = 24 * 3_600_000;

    /// <summary>Silence of a server after which a download is interrupted and later resumed, in ms.</summary>
    public const int DownloadStallMs = 30_000;

    /// <summary>Slowest download, in bytes a second over <see cref="DownloadStallMs"/>: a slower server counts as silent.</summary>
    public const int DownloadMinBytesPerS = 256;

    /// <summary>Redirects followed for one file.</summary>
    public const int DownloadRedirects = 4;

    /// <summary>Time for a connection to a server, TLS included, in ms: a mobile network with poor reception needs seconds.</summary>
    public const int DownloadConnectMs = 20_000;

    /// <summary>Largest head of an answer, in KiB.</summary>
    public const int DownloadHeadKib = 32;

    /// <summary>The one buffer of a download, in bytes: as much as a socket holds at a time.</summary>
    public const int DownloadBufferBytes = 64 << 10;

    /// <summary>Characters of an ETag that is kept; with a longer one a download is not resumed.</summary>
    public const int MaxValidatorLength = 256;

    /// <summary>Longest wait for commands and triggers to be answered before a model is swapped all the same, in ms.</summary>
    public const int SwapWaitMs = 60_000;

    /// <summary>How often a waiting update looks whether it may go on, in ms.</summary>
    public const int UpdateLookMs = 1_000;

    /// <summary>Silence after which the manifests and key sets of a connection count as complete, in ms.</summary>
    public const int SettleMs = 250;

    /// <summary>Longest wait for that silence, in waits of <see cref="SettleMs"/>: an abort must not be held up.</summary>
    public const int MaxSettleLooks = 8;

    /// <summary>How often a download's progress is published, in ms.</summary>
    public const int UpdateProgressMs = 1_000;

    /// <summary>Characters of a library's error message that are shown: it may quote what a server sent.</summary>
    public const int MaxErrorText = 300;
}
