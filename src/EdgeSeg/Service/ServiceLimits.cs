namespace EdgeSeg.Service;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class ServiceLimits
{
    /// <summary>Telemetry older than a few intervals would distort a dashboard, in seconds.</summary>
    public const int TelemetryExpiryS = 60;

    /// <summary>
    /// Time that a cancelled run has to end, after which it counts as stuck: the runtime checks between operators, and a large one takes a
    /// second on a small board.
    /// </summary>
    public const int CancelHeededMs = 2_000;

    /// <summary>Lines of the journal in a minute: a repeated fault must not fill a disk.</summary>
    public const int JournalLinesPerMinute = 60;

    /// <summary>
    /// Time that cameras which replay files wait for a subscriber, in milliseconds: a client that is started together with the service
    /// needs about a second.
    /// </summary>
    public const int ReplayGraceMs = 2_000;

    /// <summary>Period of the control loop, in milliseconds.</summary>
    public const int ControlTickMs = 1_000;

    /// <summary>
    /// A control loop without a round for this long is stuck, in milliseconds: it waits for nothing and has a round every second.
    /// </summary>
    public const int ControlStuckMs = 20_000;

    /// <summary>Longest status line, in characters: a terminal shows it on one line.</summary>
    public const int StatusLine = 200;

    /// <summary>Stages whose heartbeats are watched.</summary>
    public const int WatchedStages = 32;

    /// <summary>How often a swap is checked for completion, in milliseconds.</summary>
    public const int SwapLookMs = 5;

    /// <summary>
    /// Longest wait after a start that failed again, in seconds: half of the unit's TimeoutStartSec, within which the process must end.
    /// </summary>
    public const int FailedStartWaitS = 60;

    /// <summary>
    /// A start within this many seconds after a failed one ended is a restart by the service manager (the unit's RestartSec is 1 s); a
    /// later one was asked for by a person, who gets the answer at once.
    /// </summary>
    public const int RestartFollowsS = 6;
}
