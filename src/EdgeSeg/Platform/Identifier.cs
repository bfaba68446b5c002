using System.Buffers;
using EdgeSeg.Vision;

namespace EdgeSeg.Platform;

/// <summary>Ids of devices, fleets, cameras, clients and models. They stand in topics and file names, so they hold no slash, dot or wildcard.</summary>
internal static class Identifier
{
    /// <summary>Completes the sentence "must be ...".</summary>
    public static readonly string Form = $"1 to {VisionLimits.MaxIdLength} of a-z, 0-9 and -";

    private static readonly SearchValues<char> characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    public static bool IsValid(ReadOnlySpan<char> text) => text.Length is > 0 and <= VisionLimits.MaxIdLength && HasOnlyIdCharacters(text);

    /// <summary>The same characters, of any length: for ids that are made of several.</summary>
    public static bool HasOnlyIdCharacters(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(characters);
}
