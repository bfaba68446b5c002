using System.Security.Cryptography.X509Certificates;

namespace EdgeSeg.Updates;

/// <summary>Where bundles may come from, how fast, and how the update server is reached.</summary>
internal sealed record DownloadOptions
{
    /// <summary>Of <c>https</c>, <c>http</c> and <c>file</c>; all others are refused, in redirects as well.</summary>
    public IReadOnlyList<string> Schemes { get; init; } = [Uri.UriSchemeHttps];

    /// <summary>file:// is read below this folder only, after symbolic links are resolved; empty: nowhere.</summary>
    public string FileRoot { get; init; } = "";

    /// <summary>Most bytes a second; 0: no limit.</summary>
    public long MaxBytesPerS { get; init; }

    /// <summary>Certificates that may sign the server's; null: the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>HTTP proxy; null: none. The environment's proxy variables are not read.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>
    /// Gives the value of the Authorization header, read again for each request so that a rotated token counts; null: none is sent. It goes
    /// to the host of the manifest's address only, never to one that a redirect names.
    /// </summary>
    public Func<string>? Authorization { get; init; }
}
