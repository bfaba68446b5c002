using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>Whether an update may take its next step.</summary>
internal enum AdmissionKind
{
    Proceed,

    /// <summary>Not yet; look again later.</summary>
    Wait,

    Refuse,
}

/// <summary>A decision with its reason.</summary>
/// <param name="Kind">The decision.</param>
/// <param name="Reason">One of <see cref="UpdateReason"/>; empty when it may proceed.</param>
/// <param name="Text">A sentence for people.</param>
/// <param name="Retry">A refusal that may end without a new manifest, for example with the clock.</param>
internal readonly record struct Admission(AdmissionKind Kind, string Reason, string Text, bool Retry = false)
{
    public static Admission Proceed { get; } = new(AdmissionKind.Proceed, "", "");

    public static Admission Wait(string reason, string text) => new(AdmissionKind.Wait, reason, text);

    public static Admission Refuse(string reason, string text, bool retry = false) => new(AdmissionKind.Refuse, reason, text, retry);

    /// <exception cref="UpdateException">It is a refusal.</exception>
    public void ThrowIfRefused()
    {
        if (Kind == AdmissionKind.Refuse)
            throw new UpdateException(Reason, Text, Retry);
    }
}
