using System.Collections.Frozen;
using System.Security.Cryptography;

namespace EdgeSeg.WebConsole;

/// <summary>One file of the page.</summary>
/// <param name="Type">Its Content-Type.</param>
/// <param name="Tag">Its ETag, quoted.</param>
/// <param name="Bytes">What is sent.</param>
internal sealed record ConsoleFile(string Type, string Tag, byte[] Bytes);

/// <summary>The built page (deploy/console/dist), which is part of the binary.</summary>
internal static class ConsoleFiles
{
    private const string Prefix = "console/";

    private static readonly FrozenDictionary<string, ConsoleFile> files = Load();

    /// <summary>By path: <c>/</c> is the page itself, <c>/console.js</c> a file; null for what is not there.</summary>
    public static ConsoleFile? Find(string path) => files.GetValueOrDefault(path == "/" ? "/index.html" : path);

    public static IEnumerable<string> Paths => files.Keys;

    private static FrozenDictionary<string, ConsoleFile> Load()
    {
        var assembly = typeof(ConsoleFiles).Assembly;
        var found = new Dictionary<string, ConsoleFile>(StringComparer.Ordinal);
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            found["/" + name[Prefix.Length..]] = new ConsoleFile(
                Type(name),
                $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\"",
                bytes
            );
        }

        return found.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static string Type(string name) =>
        Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "text/plain; charset=utf-8",
        };
}
