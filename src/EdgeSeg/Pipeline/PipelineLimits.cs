using EdgeSeg.Capture;

namespace EdgeSeg.Pipeline;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class PipelineLimits
{
    /// <summary>Frame slots of a camera: two that wait, one in work, one being written, one to spare.</summary>
    public const int FrameSlots = CaptureLimits.FrameQueue + 3;

    /// <summary>Longest sleep of the inference thread, after which it looks around and shows that it lives.</summary>
    public const int InferenceIdleMs = 500;

    /// <summary>How often it is looked whether the model has been at work for too long.</summary>
    public const int RunWatchMs = 250;

    /// <summary>
    /// Automatic work that has this much longer to go is cut when a command comes: below it, waiting is less than people notice.
    /// </summary>
    public const int YieldMinMs = 250;

    /// <summary>Longest wait for the inference thread at the end.</summary>
    public const int InferenceStopMs = 2_000;

    /// <summary>Wait before a stage that threw goes on; doubled with each fault in a row.</summary>
    public const int StageRetryMinMs = 10;

    /// <summary>Longest such wait.</summary>
    public const int StageRetryMaxMs = 5_000;

    /// <summary>
    /// Longest work on everything before frames and commands get their turn, in milliseconds; a command ends it within one decode.
    /// </summary>
    public const int AutomaticSliceMs = 200;

    /// <summary>Longest time for everything in one frame, in milliseconds; what was found until then is told, as not complete.</summary>
    public const int AutomaticMs = 120_000;

    /// <summary>Wait before the outbox is looked at again while masks wait for room in it, in milliseconds.</summary>
    public const int AutomaticPauseMs = 2;

    /// <summary>Longest time for them to leave, in milliseconds; where the broker takes none, they have expired by then.</summary>
    public const int AutomaticPublishMs = 10_000;

    /// <summary>
    /// Commands that are not answered yet, waiting and in work together; further ones are refused as busy. A model of 100 ms works these
    /// off within a second.
    /// </summary>
    public const int CommandQueue = 8;

    /// <summary>
    /// Longest that a command without an expiry of its own waits for its turn, in milliseconds: nobody waits longer for a click.
    /// </summary>
    public const int CommandWaitMs = 10_000;

    /// <summary>Correlation data of a request, in bytes: it is echoed with every reply.</summary>
    public const int MaxCorrelationBytes = 256;

    /// <summary>Answers kept for requests that come again.</summary>
    public const int AnswersKept = 128;

    /// <summary>The same, in bytes of their payloads: masks make them large.</summary>
    public const int AnswerBytes = 1 << 20;

    /// <summary>The same, in milliseconds: a QoS 1 message comes again within a reconnect, not later.</summary>
    public const int AnswerKeptMs = 120_000;

    /// <summary>What a reply says around the message that it carries, in bytes, at most.</summary>
    public const int ReplyOverheadBytes = 1024;

    /// <summary>Memory of the frames whose id left the device, in bytes, all cameras together.</summary>
    public const int FrameRingBytes = 32 << 20;

    /// <summary>Frames held at most, whatever their size: finding one looks at each.</summary>
    public const int FrameRingFrames = 512;

    /// <summary>Time that a frame is held for at least, in milliseconds; one that goes sooner for want of memory is counted.</summary>
    public const int FrameHeldMinMs = 5_000;

    /// <summary>Age from which a frame's memory is taken for a new one although more memory is left, in milliseconds.</summary>
    public const int FrameHeldMs = 30_000;

    /// <summary>
    /// Longest wait for a frame on which a command is to be carried out: a camera that gives none for so long is told to the operator.
    /// </summary>
    public const int CommandFrameWaitMs = 3_000;

    /// <summary>Seconds after which an unsent preview is worth nothing.</summary>
    public const int PreviewExpiryS = 2;
}
