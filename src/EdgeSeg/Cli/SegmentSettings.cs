using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Cli;

/// <summary>What <c>edgeseg segment</c> makes of each picture.</summary>
internal sealed record SegmentSettings
{
    public const string OverlayEnd = "-overlay.png",
        MaskEnd = "-mask.png",
        VideoOverlayEnd = "-overlay.avi",
        VideoMasksEnd = "-masks";

    /// <summary>Of <c>json, overlay, png, polygon</c>.</summary>
    public required IReadOnlyCollection<string> Formats { get; init; }

    /// <summary>For every picture; null: automatic.</summary>
    public PromptBuffer? Prompt { get; init; }

    /// <summary>Automatic masks of the whole picture instead of one object; null: one object.</summary>
    public AutomaticMaskOptions? AutomaticMasks { get; init; }

    /// <summary>Least score of a mask, 0..1.</summary>
    public double MinScore { get; init; }

    /// <summary>Least share of the picture that a mask covers, 0..1.</summary>
    public double MinArea { get; init; }

    /// <summary>Significant bits of 16-bit pictures; null: found from their values.</summary>
    public int? BitDepth { get; init; }

    public bool IsZoomOn { get; init; } = true;

    /// <summary>Every Nth frame of a video.</summary>
    public int Every { get; init; } = 1;

    public bool HasJson => Formats.Contains("json") || HasPolygon;

    public bool HasPolygon => Formats.Contains("polygon");

    public bool HasOverlay => Formats.Contains("overlay");

    public bool HasPng => Formats.Contains("png");

    /// <summary>The ends of the names of what is made of an input: the overlay, then the mask, or the folder of a video's masks.</summary>
    public string[] Suffixes(bool isVideo)
    {
        var suffixes = new List<string>();
        if (HasOverlay)
            suffixes.Add(isVideo ? VideoOverlayEnd : OverlayEnd);
        if (HasPng)
            suffixes.Add(isVideo ? VideoMasksEnd : MaskEnd);
        return [.. suffixes];
    }
}
