using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Configuration;

/// <summary>
/// Reads the configuration file, TOML or JSON, and the overrides of the environment. All errors are reported at once, each with its place:
/// <c>edgeseg.toml:12: mqtt.port = 99999: must be a whole number 0..65535</c>.
/// </summary>
internal static class SettingsFile
{
    public const string DefaultPath = "/etc/edgeseg/edgeseg.toml";
    public const string VariablePrefix = "EDGESEG_";

    /// <summary>The path of the file when the command line gives none.</summary>
    public const string PathVariable = VariablePrefix + "CONFIG";

    /// <summary>Set to 1: the stack trace of an error that is not expected goes to standard error.</summary>
    public const string TraceVariable = VariablePrefix + "STACK_TRACE";

    /// <summary>Variables with this prefix that are not keys.</summary>
    public static IReadOnlyList<string> ReservedVariables { get; } = [PathVariable, TraceVariable];

    /// <summary>
    /// Settings from a file and the environment. Without a path: <c>EDGESEG_CONFIG</c>, else <see cref="DefaultPath"/> if it exists, else
    /// defaults.
    /// Throws <see cref="OperatingException"/> (2) with all errors, a line each.
    /// </summary>
    public static Settings Load(string? path, IReadOnlyDictionary<string, string> environment)
    {
        if (string.IsNullOrEmpty(path))
            path = environment.GetValueOrDefault(PathVariable);
        if (string.IsNullOrEmpty(path))
            path = File.Exists(DefaultPath) || Directory.Exists(DefaultPath) ? DefaultPath : null;
        if (path is null)
            return Parse("defaults", [], environment);
        return Parse(path, ReadBytes(path, ConfigurationLimits.MaxConfigurationBytes), environment);
    }

    /// <summary>
    /// Settings from a text. <paramref name="source"/> is its name in messages; the extension (<c>.json</c>, <c>.toml</c>) gives the
    /// notation, else the
    /// first character.
    /// </summary>
    public static Settings Parse(string source, ReadOnlySpan<byte> utf8, IReadOnlyDictionary<string, string> environment)
    {
        var faults = new Faults();
        if (utf8.Length > ConfigurationLimits.MaxConfigurationBytes)
            throw TooLarge(source, ConfigurationLimits.MaxConfigurationBytes);
        List<Entry> entries = [];
        ReadText(source, utf8.StartsWith(Encoding.UTF8.Preamble) ? utf8[3..] : utf8, entries, faults);
        var isReadable = faults.Count == 0;
        var variables = EnvironmentEntries.Read(environment, entries, faults);

        var settings = new Settings { Source = Describe(source, variables) };
        var binder = new Binder(settings, faults);
        binder.Bind(entries);
        // after a syntax error the rules would only report its consequences
        if (isReadable)
            new SettingsRules(settings, binder, faults, new Origin(source)).Check();
        faults.ThrowIfAny();
        return settings;
    }

    private static string Describe(string source, int variables) =>
        variables switch
        {
            0 => source,
            1 => $"{source} and 1 environment variable",
            _ => $"{source} and {variables} environment variables",
        };

    /// <summary>
    /// A whole file. Throws <see cref="OperatingException"/> (2) when it is missing, a folder, unreadable, or larger than the limit.
    /// </summary>
    public static byte[] ReadBytes(string path, int maxBytes)
    {
        if (Directory.Exists(path))
            throw new OperatingException($"{path} is a folder; give the path of a file", 2);
        try
        {
            // a device or a pipe has no length: read up to the limit
            using var file = File.OpenRead(path);
            var bytes = new byte[maxBytes + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length <= maxBytes ? bytes[..length] : throw TooLarge(path, maxBytes);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new OperatingException($"{path} does not exist", 2);
        }
        catch (UnauthorizedAccessException)
        {
            throw new OperatingException($"{path} cannot be read by this user; check its owner and mode", 2);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            throw new OperatingException($"{Value.Quote(path)} cannot be read: {e.Message}", 2);
        }
    }

    private static void ReadText(string source, ReadOnlySpan<byte> utf8, List<Entry> entries, Faults faults)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            var line = 1 + utf8[..Math.Clamp(e.Index, 0, utf8.Length)].Count((byte)'\n');
            faults.Add(new Origin(source, line), "contains bytes that are not UTF-8");
            return;
        }

        if (IsJson(source, text))
            JsonEntries.Read(source, utf8, entries, faults);
        else
            TomlEntries.Read(source, text, entries, faults);
    }

    private static bool IsJson(string source, string text) =>
        source.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
        || (!source.EndsWith(".toml", StringComparison.OrdinalIgnoreCase) && text.AsSpan().TrimStart().StartsWith("{"));

    private static OperatingException TooLarge(string source, int maxBytes) =>
        new($"{source} is larger than {maxBytes >> 10} KiB, the limit for this file; check that it is the right file", 2);
}
