using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class UpdateLimits
{
    /// <summary>Largest signed manifest with its signatures, in bytes of the message: sixteen files and ten keys fit.</summary>
    public const int MaxEnvelopeBytes = MessageLimits.MaxCommandBytes;

    /// <summary>Signatures of one manifest.</summary>
    public const int MaxSignatures = 16;

    /// <summary>Keys remembered as revoked.</summary>
    public const int MaxRevokedKeys = 64;

    /// <summary>Largest key file, in bytes: a P-256 key has 178.</summary>
    public const int MaxKeyBytes = 4 << 10;

    /// <summary>Greatest serial of a manifest: what JSON's numbers carry without loss in every language.</summary>
    public const long MaxSerial = 1L << 53;

    /// <summary>Files of one bundle.</summary>
    public const int MaxBundleFiles = 16;

    /// <summary>All files of one bundle, in bytes.</summary>
    public const long MaxBundleBytes = 2L << 30;

    /// <summary>Figures of a bundle's quality.</summary>
    public const int MaxQualityFigures = 32;

    /// <summary>Characters of a file name of a bundle.</summary>
    public const int MaxFileNameLength = 100;

    /// <summary>Characters of a bundle's address.</summary>
    public const int MaxUrlLength = 1024;

    /// <summary>Cases of a canary run: each is a picture through both models, several times.</summary>
    public const int MaxCanaryCases = 16;

    /// <summary>Largest file of canary cases, in bytes.</summary>
    public const int MaxCanaryCaseBytes = 1 << 20;

    /// <summary>Rounds in which the canary runs both models in turns; the median of each counts.</summary>
    public const int CanaryRounds = 5;

    /// <summary>Longest canary run, loading included, in ms: EfficientSAM on a slow board takes seconds a picture.</summary>
    public const int CanaryMs = 300_000;

    /// <summary>Largest verdict of a canary, in bytes.</summary>
    public const int MaxCanaryVerdictBytes = 16 << 10;

    /// <summary>Live results that a trial may ask for, and that the figures of the former model are taken from.</summary>
    public const int MaxLiveFrames = 10_000;

    /// <summary>Starts in a trial that ended without a proper stop, before the former model comes back.</summary>
    public const int TrialCrashes = 2;

    /// <summary>Manifests remembered as failed, so that none is tried for ever.</summary>
    public const int FailedKept = 16;

    /// <summary>Names whose greatest version is remembered.</summary>
    public const int MaxModelNames = 16;

    /// <summary>Largest state file of the updates, in bytes.</summary>
    public const int MaxUpdateStateBytes = 256 << 10;

    /// <summary>Disk left free beside a bundle that is fetched, in bytes.</summary>
    public const long UpdateReserveBytes = 32L << 20;

    /// <summary>First wait before a step is tried again, in ms; it doubles.</summary>
    public const int UpdateRetryMinMs = 5_000;

    /// <summary>Longest such wait: a server that was down for days must not be stormed, nor waited for half a day.</summary>
    public const int UpdateRetryMaxMs = 3_600_000;

    /// <summary>Longest wait that a server may ask for, in ms.</summary>
    public const int MaxRetryAfterMs = 24 * 3_600_000;

    /// <summary>Silence of a server after which a download is begun again where it stopped, in ms.</summary>
    public const int DownloadStallMs = 30_000;

    /// <summary>Slowest download, in bytes a second over <see cref="DownloadStallMs"/>: a server that trickles is as good as none.</summary>
    public const int DownloadMinBytesPerS = 256;

    /// <summary>Redirects followed for one file.</summary>
    public const int DownloadRedirects = 4;

    /// <summary>Time for a server to take a connection, TLS included, in ms: a mobile network in a valley needs seconds.</summary>
    public const int DownloadConnectMs = 20_000;

    /// <summary>Largest head of an answer, in KiB.</summary>
    public const int DownloadHeadKib = 32;

    /// <summary>The one buffer of a download, in bytes: as much as a socket holds at a time.</summary>
    public const int DownloadBufferBytes = 64 << 10;

    /// <summary>Characters of an ETag that is kept; with a longer one a download is not resumed.</summary>
    public const int MaxValidatorLength = 256;

    /// <summary>Longest wait for commands and triggers to be done before a model is swapped all the same, in ms.</summary>
    public const int SwapWaitMs = 60_000;

    /// <summary>How often a waiting update looks whether it may go on, in ms.</summary>
    public const int UpdateLookMs = 1_000;

    /// <summary>How often a download's progress is told, in ms.</summary>
    public const int UpdateProgressMs = 1_000;
}
