using System.Collections;
using System.Text;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Configuration;

/// <summary>
/// A file that a setting names as an absolute path, or as <c>cred:NAME</c> for <c>$CREDENTIALS_DIRECTORY/NAME</c>, which systemd fills from
/// LoadCredential=; outside of a service, <c>cred:secret_NAME</c> is the file that the package's unit loads under this name. The content is
/// never shown or logged.
/// </summary>
internal static class SecretFile
{
    private const string Prefix = "cred:";
    private const string DirectoryVariable = "CREDENTIALS_DIRECTORY";

    // the unit of the package loads a whole folder under this name: each file NAME is the credential secret_NAME
    private const string FolderPrefix = "secret_";
    private const string PackageFolder = "/etc/edgeseg/credentials/";
    private const int MaxNameLength = 95;

    /// <summary>The environment of this process, which settings and credentials are read with.</summary>
    public static IReadOnlyDictionary<string, string> Variables { get; } =
        Environment
            .GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);

    /// <summary>True when the text has one of the two forms; the file need not exist.</summary>
    public static bool IsValid(string setting)
    {
        if (!setting.StartsWith(Prefix, StringComparison.Ordinal))
            return setting.StartsWith('/') && !setting.Any(char.IsControl);
        var name = setting[Prefix.Length..];
        return name.Length is > 0 and <= MaxNameLength
            && name is not ("." or "..")
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
    }

    /// <summary>The path of the file.</summary>
    /// <param name="setting">As the settings have it.</param>
    /// <param name="environment">The variables of this process.</param>
    /// <param name="credentials">The folder whose files the unit of the package loads: read where systemd has started no service, by a
    /// person's <c>edgeseg doctor</c>.</param>
    /// <exception cref="OperatingException">It is a credential that systemd does not provide (exit code 2).</exception>
    public static string Path(string setting, IReadOnlyDictionary<string, string> environment, string credentials = PackageFolder)
    {
        if (!setting.StartsWith(Prefix, StringComparison.Ordinal))
            return setting;
        var name = setting[Prefix.Length..];
        if (environment.TryGetValue(DirectoryVariable, out var folder) && folder.Length > 0)
        {
            var path = System.IO.Path.Combine(folder, name);
            return File.Exists(path) ? path : throw Missing(setting, name);
        }

        return name.StartsWith(FolderPrefix, StringComparison.Ordinal)
            ? OfPackage(setting, System.IO.Path.Combine(credentials, name[FolderPrefix.Length..]))
            : throw new OperatingException(
                $"{setting} is a systemd credential, but ${DirectoryVariable} is not set; add LoadCredential={name}:/path to the unit, "
                    + "or name a file",
                ExitCode.Usage
            );
    }

    /// <summary>The path of the file, in the environment of this process.</summary>
    /// <param name="key">The setting; a refusal begins with it.</param>
    /// <param name="setting">Its value.</param>
    /// <exception cref="OperatingException">As <see cref="Path(string, IReadOnlyDictionary{string, string}, string)"/>.</exception>
    public static string Path(string key, string setting) => Named(key, () => Path(setting, Variables));

    /// <summary>The line of the file, in the environment of this process.</summary>
    /// <param name="key">The setting; a refusal begins with it.</param>
    /// <param name="setting">Its value.</param>
    /// <exception cref="OperatingException">As <see cref="Read(string, IReadOnlyDictionary{string, string})"/>.</exception>
    public static string Read(string key, string setting) => Named(key, () => Read(setting, Variables));

    private static string Named(string key, Func<string> read)
    {
        try
        {
            return read();
        }
        catch (OperatingException e)
        {
            throw new OperatingException($"{key}: {e.Message}", e.ExitCode);
        }
    }

    private static string OfPackage(string setting, string path)
    {
        try
        {
            File.OpenHandle(path).Dispose();
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // a user who may not enter the folder cannot know whether the file exists
            throw new OperatingException(
                $"{setting}: {path} "
                    + (
                        Environment.IsPrivilegedProcess
                            ? "cannot be read: create it (owner root, mode 600) and restart the service"
                            : $"cannot be read by {Environment.UserName}: run it as root, for example sudo edgeseg doctor"
                    ),
                ExitCode.Usage
            );
        }
    }

    private static OperatingException Missing(string setting, string name) =>
        new(
            name.StartsWith(FolderPrefix, StringComparison.Ordinal)
                ? $"{setting}: the file {PackageFolder}{name[FolderPrefix.Length..]} did not exist when the service was started; create it "
                    + "(owner root, mode 600) and restart the service"
                : $"{setting}: systemd provides no credential of this name; add LoadCredential={name}:/path to the unit",
            ExitCode.Usage
        );

    /// <summary>The first and only line of the file, without its line end (LF or CRLF) and without a UTF-8 byte order mark.</summary>
    /// <exception cref="OperatingException">
    /// The file is missing, unreadable, empty, larger than <see cref="ConfigurationLimits.MaxSecretBytes"/>, not UTF-8, or has several
    /// lines (exit code 2).
    /// </exception>
    public static string Read(string setting, IReadOnlyDictionary<string, string> environment)
    {
        var path = Path(setting, environment);
        ReadOnlySpan<byte> bytes = SettingsFile.ReadBytes(path, ConfigurationLimits.MaxSecretBytes);
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        var text = Decode(path, bytes).TrimEnd('\r', '\n');
        if (text.Length == 0)
            throw new OperatingException($"{path} is empty", ExitCode.Usage);
        if (text.Any(char.IsControl))
            throw new OperatingException($"{path} must hold one line without control characters", ExitCode.Usage);
        return text;
    }

    private static string Decode(string path, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new OperatingException($"{path} is not UTF-8 text; save it as UTF-8", ExitCode.Usage);
        }
    }
}
