namespace EdgeSeg.Messages;

/// <summary>Why a command was refused; each has a stable word on the wire.</summary>
internal enum CommandErrorCode
{
    /// <summary>Invalid, or it names something unknown; the same bytes will be refused again.</summary>
    BadRequest,

    /// <summary>The frame that it names is not stored any more.</summary>
    FrameGone,

    /// <summary>Valid, but the model was not trained for it.</summary>
    UnsupportedPrompt,

    /// <summary>Too many commands wait; send it again.</summary>
    Busy,

    /// <summary>It had expired when it was received or when its turn came.</summary>
    Expired,

    /// <summary>It was retained, so its age and its sender are unknown.</summary>
    Retained,

    /// <summary>The command or its result exceeds the largest message.</summary>
    TooLarge,

    /// <summary>An error of the device.</summary>
    Internal,
}

/// <summary>A refused command. The sentence states what is required.</summary>
internal sealed record CommandError(CommandErrorCode Code, string Sentence)
{
    /// <summary>The code as on the wire.</summary>
    public string Word => Code.ToWire();

    public static CommandError Bad(string sentence) => new(CommandErrorCode.BadRequest, sentence);

    /// <summary>A text of a client for use in a sentence: shortened, printable ASCII.</summary>
    public static string Shown(string text)
    {
        Span<char> shown = stackalloc char[MessageLimits.MaxShownLength];
        var n = Math.Min(text.Length, shown.Length);
        for (var i = 0; i < n; i++)
            shown[i] = text[i] is >= ' ' and <= '~' ? text[i] : '?';
        return new string(shown[..n]) + (text.Length > n ? "..." : "");
    }
}
