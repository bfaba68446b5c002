using System.Buffers;

namespace EdgeSeg.Platform;

/// <summary>
/// Ids of devices, fleets, cameras, clients and models. They stand in topics and file names, so they hold no slash, dot or wildcard.
/// </summary>
internal static class Identifier
{
    /// <summary>Most characters of one id.</summary>
    public const int MaxLength = 64;

    /// <summary>Completes the sentence "must be ...".</summary>
    public static readonly string Form = $"1 to {MaxLength} of a-z, 0-9 and -";

    private static readonly SearchValues<char> characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    public static bool IsValid(ReadOnlySpan<char> text) => text.Length is > 0 and <= MaxLength && HasOnlyIdCharacters(text);

    /// <summary>The same characters, of any length: for ids that are made of several.</summary>
    public static bool HasOnlyIdCharacters(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(characters);
}
