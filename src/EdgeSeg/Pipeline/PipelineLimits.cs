using EdgeSeg.Capture;

namespace EdgeSeg.Pipeline;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class PipelineLimits
{
    /// <summary>Frame slots of a camera: two that wait, one in progress, one being written, one spare.</summary>
    public const int FrameSlots = CaptureLimits.FrameQueue + 3;

    /// <summary>Longest sleep of the inference thread before it checks for work and shows that it is alive.</summary>
    public const int InferenceIdleMs = 500;

    /// <summary>How often the duration of the current run is checked.</summary>
    public const int RunWatchMs = 250;

    /// <summary>
    /// An automatic run with at least this much time to go is cancelled for a command: a shorter wait is not noticed.
    /// </summary>
    public const int YieldMinMs = 250;

    /// <summary>Longest wait for the inference thread at the end.</summary>
    public const int InferenceStopMs = 2_000;

    /// <summary>Wait before a stage that failed goes on; doubled with each fault in a row.</summary>
    public const int StageRetryMinMs = 10;

    /// <summary>Longest such wait.</summary>
    public const int StageRetryMaxMs = 5_000;

    /// <summary>
    /// Longest slice of automatic masks before frames and commands are served, in milliseconds; a command ends it within one decode.
    /// </summary>
    public const int AutomaticSliceMs = 200;

    /// <summary>
    /// Longest time for the automatic masks of one frame, in milliseconds; what was found until then is published as not complete.
    /// </summary>
    public const int AutomaticMs = 120_000;

    /// <summary>Wait before the outbox is checked again while masks wait for room, in milliseconds.</summary>
    public const int AutomaticPauseMs = 2;

    /// <summary>Longest time for publishing them, in milliseconds; without a broker they have expired by then.</summary>
    public const int AutomaticPublishMs = 10_000;

    /// <summary>
    /// Commands that are not answered yet, waiting and in progress together; further ones are refused as busy. A model of 100 ms answers
    /// these within a second.
    /// </summary>
    public const int CommandQueue = 8;

    /// <summary>
    /// Longest that a command without an expiry of its own waits for its turn, in milliseconds: a click is of no use after it.
    /// </summary>
    public const int CommandWaitMs = 10_000;

    /// <summary>Correlation data of a request, in bytes: every reply carries it.</summary>
    public const int MaxCorrelationBytes = 256;

    /// <summary>Answers kept for repeated requests.</summary>
    public const int AnswersKept = 128;

    /// <summary>The same, in bytes of their payloads: those with masks are large.</summary>
    public const int AnswerBytes = 1 << 20;

    /// <summary>The same, in milliseconds: a QoS 1 message is repeated within a reconnect, not later.</summary>
    public const int AnswerKeptMs = 120_000;

    /// <summary>
    /// Masks whose prompts are kept for corrections: those of some seconds of a camera, each less than 200 bytes.
    /// </summary>
    public const int MasksRemembered = 256;

    /// <summary>Largest part of a reply besides the message that it carries, in bytes.</summary>
    public const int ReplyOverheadBytes = 1024;

    /// <summary>Frames held at most, whatever their size: a search visits each.</summary>
    public const int FrameRingFrames = 512;

    /// <summary>
    /// Shortest time for which a frame is held, in milliseconds; one that is dropped sooner for lack of memory is counted.
    /// </summary>
    public const int FrameHeldMinMs = 5_000;

    /// <summary>Age at which a frame's memory is reused although more memory is free, in milliseconds.</summary>
    public const int FrameHeldMs = 30_000;

    /// <summary>
    /// Longest wait for a frame on which a command is to be carried out: a camera that gives none for so long is reported to the operator.
    /// </summary>
    public const int CommandFrameWaitMs = 3_000;

    /// <summary>Objects followed for a camera at once: each costs a pass of the model for each frame.</summary>
    public const int FollowedObjects = 4;

    /// <summary>Seconds after which an unsent preview is dropped.</summary>
    public const int PreviewExpiryS = 2;

    /// <summary>Width of the pictures with a mask, in pixels: a card of Home Assistant shows no more.</summary>
    public const int OverlayWidth = 640;

    /// <summary>JPEG quality of these pictures: about 40 KB at that width.</summary>
    public const int OverlayQuality = 80;

    /// <summary>Least seconds between two of them where commands ask for the masks.</summary>
    public const double OverlayAskedS = 1;
}
