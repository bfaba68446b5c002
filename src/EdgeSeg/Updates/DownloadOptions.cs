namespace EdgeSeg.Updates;

/// <summary>Where bundles may come from, and how fast.</summary>
internal sealed record DownloadOptions
{
    /// <summary>Of <c>https</c>, <c>http</c> and <c>file</c>; everything else is refused, redirects included.</summary>
    public IReadOnlyList<string> Schemes { get; init; } = [Uri.UriSchemeHttps];

    /// <summary>file:// is read below this folder only, after symbolic links have been resolved; empty: nowhere.</summary>
    public string FileRoot { get; init; } = "";

    /// <summary>Most bytes a second; 0: no limit.</summary>
    public long MaxBytesPerS { get; init; }
}
