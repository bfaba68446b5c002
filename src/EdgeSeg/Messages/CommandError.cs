namespace EdgeSeg.Messages;

/// <summary>Why a command was not obeyed; a stable word of the wire each.</summary>
internal enum CommandErrorCode
{
    /// <summary>It cannot be understood or names something that is not there; the same bytes will be refused again.</summary>
    BadRequest,

    /// <summary>The frame that it was made on is not held any more.</summary>
    FrameGone,

    /// <summary>Understood, and beyond what the model was trained for.</summary>
    UnsupportedPrompt,

    /// <summary>Too many commands wait: the same may be sent again.</summary>
    Busy,

    /// <summary>Its time had passed when it came or when its turn came.</summary>
    Expired,

    /// <summary>The broker had kept it: nobody knows who sent it when.</summary>
    Retained,

    /// <summary>The command, or what it asked for, is larger than a message may be.</summary>
    TooLarge,

    /// <summary>The fault is ours.</summary>
    Internal,
}

/// <summary>A command that is not obeyed. The sentence is for people and says what would be right.</summary>
internal sealed record CommandError(CommandErrorCode Code, string Sentence)
{
    private static readonly string[] words =
    [
        "bad_request",
        "frame_gone",
        "unsupported_prompt",
        "busy",
        "expired",
        "retained",
        "too_large",
        "internal",
    ];

    /// <summary>The code as on the wire.</summary>
    public string Word => words[(int)Code];

    public static CommandError Bad(string sentence) => new(CommandErrorCode.BadRequest, sentence);

    /// <summary>A client's own text as a sentence may show it: short, printable ASCII.</summary>
    public static string Shown(string text)
    {
        Span<char> shown = stackalloc char[MessageLimits.MaxShownLength];
        var n = Math.Min(text.Length, shown.Length);
        for (var i = 0; i < n; i++)
            shown[i] = text[i] is >= ' ' and <= '~' ? text[i] : '?';
        return new string(shown[..n]) + (text.Length > n ? "..." : "");
    }
}
