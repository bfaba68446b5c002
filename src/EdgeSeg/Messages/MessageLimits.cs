using EdgeSeg.Platform;

namespace EdgeSeg.Messages;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class MessageLimits
{
    /// <summary>
    /// Largest message of ours, in bytes: AWS IoT ends a connection above 128 KB; a mask that is larger is simplified, then reduced to its
    /// box.
    /// </summary>
    public const int MaxMessageBytes = 120_000;

    /// <summary>Largest command accepted, in bytes: six points and every option fit in 2 KiB.</summary>
    public const int MaxCommandBytes = 16 << 10;

    /// <summary>
    /// Largest message on our own status topic that is checked for another client with our id, in bytes: ours are below 1 KiB.
    /// </summary>
    public const int MaxStatusBytes = 4096;

    /// <summary>Longest id of an alert: a word, a hyphen and a camera's id.</summary>
    public const int MaxAlertIdLength = Identifier.MaxLength + 16;

    /// <summary>
    /// The same where a command names none: 256 decodes are seconds on a small board, and find what a quarter of the picture's side shows.
    /// </summary>
    public const int AutomaticMasksGrid = 16;

    /// <summary>Masks published for one frame; those with the lowest score are left out and counted.</summary>
    public const int MaxAutomaticMasks = 256;

    /// <summary>Characters of a request's id: a UUID with a prefix fits.</summary>
    public const int MaxRequestIdLength = 64;

    /// <summary>Characters of a topic that replies are asked on.</summary>
    public const int MaxReplyTopicLength = 256;

    /// <summary>Characters of a client's own text that are shown back in a sentence.</summary>
    public const int MaxShownLength = 40;

    /// <summary>Pictures a second of a preview, at most: more is video, which MQTT is not for.</summary>
    public const double MaxPreviewFps = 15;

    /// <summary>Smallest width of a preview, in pixels.</summary>
    public const int MinPreviewWidth = 64;

    /// <summary>Largest width of a preview, in pixels.</summary>
    public const int MaxPreviewWidth = 1920;

    /// <summary>Longest time that one command turns a preview on for, in seconds.</summary>
    public const int MaxPreviewS = 3600;

    /// <summary>The same where the command names none: an operator who is gone must not keep a robot's radio busy.</summary>
    public const int PreviewS = 300;

    /// <summary>Lowest JPEG quality; a picture that is too large even with it is not sent.</summary>
    public const int MinJpegQuality = 20;
}
