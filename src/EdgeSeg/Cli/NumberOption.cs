using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace EdgeSeg.Cli;

/// <summary>
/// Numeric options and their bounds. The library's own conversion throws inside a validator when the text is no number, and its message
/// names a .NET type, so every numeric option is read here.
/// </summary>
internal static class NumberOption
{
    /// <summary>A share, 0..1, for example the minimums of score and area that several verbs have; 0 where it is not given.</summary>
    public static Option<double> Share(string name, string description) =>
        new Option<double>(name) { HelpName = "0..1", Description = description }.Within(0, 1);

    /// <summary>The value is a number within the bounds, both included; anything else is an error of usage that names them.</summary>
    public static Option<T> Within<T>(this Option<T> option, T least, T most)
        where T : struct, INumber<T>
    {
        option.CustomParser = result => Read(option.Name, result, least, most) ?? least;
        return option;
    }

    /// <inheritdoc cref="Within{T}(Option{T},T,T)"/>
    public static Option<T?> Within<T>(this Option<T?> option, T least, T most)
        where T : struct, INumber<T>
    {
        option.CustomParser = result => Read(option.Name, result, least, most);
        return option;
    }

    /// <summary>Null, with an error in the result, for a text that is no number within the bounds.</summary>
    private static T? Read<T>(string name, ArgumentResult result, T least, T most)
        where T : struct, INumber<T>
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[^1].Value : "";
        var isWhole = typeof(T) == typeof(int) || typeof(T) == typeof(long);
        var style = isWhole ? NumberStyles.AllowLeadingSign : NumberStyles.Float & ~NumberStyles.AllowTrailingWhite;
        // not a number (nan) is within no bounds
        if (T.TryParse(text, style, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        result.AddError(
            string.Create(CultureInfo.InvariantCulture, $"{name} must be {(isWhole ? "a whole number " : "")}{least}..{most}, not '{text}'")
        );
        return null;
    }
}
