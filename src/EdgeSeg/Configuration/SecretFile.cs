using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Configuration;

/// <summary>
/// A file that a setting names as an absolute path, or as <c>cred:NAME</c> for <c>$CREDENTIALS_DIRECTORY/NAME</c>, which systemd fills from LoadCredential=.
/// The content is never shown or logged.
/// </summary>
internal static class SecretFile
{
    private const string Prefix = "cred:";
    private const string DirectoryVariable = "CREDENTIALS_DIRECTORY";

    /// <summary>True when the text has one of the two forms; the file need not exist.</summary>
    public static bool IsValid(string setting) =>
        setting.StartsWith(Prefix, StringComparison.Ordinal)
            ? setting.Length is > 5 and <= 100
                && setting.AsSpan(5) is not ("." or "..")
                && setting.Skip(5).All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            : setting.StartsWith('/') && !setting.Any(char.IsControl);

    /// <summary>The path of the file. Throws <see cref="OperatingException"/> (2) when it is a credential and systemd handed none over.</summary>
    public static string Path(string setting, IReadOnlyDictionary<string, string> environment)
    {
        if (!setting.StartsWith(Prefix, StringComparison.Ordinal))
            return setting;
        if (!environment.TryGetValue(DirectoryVariable, out var folder) || folder.Length == 0)
            throw new OperatingException(
                $"{setting} names a systemd credential, but ${DirectoryVariable} is not set; add LoadCredential={setting[5..]}:/path to the unit, or name a file",
                2
            );
        return System.IO.Path.Combine(folder, setting[5..]);
    }

    /// <summary>The text of the file without the line end that editors add. Throws <see cref="OperatingException"/> (2) when it is missing, unreadable, empty or above <see cref="ConfigurationLimits.MaxSecretBytes"/>.</summary>
    public static string Read(string setting, IReadOnlyDictionary<string, string> environment)
    {
        var path = Path(setting, environment);
        var text = new UTF8Encoding(false).GetString(SettingsFile.ReadBytes(path, ConfigurationLimits.MaxSecretBytes)).TrimEnd('\r', '\n');
        return text.Length > 0 ? text : throw new OperatingException($"{path} is empty", 2);
    }
}
