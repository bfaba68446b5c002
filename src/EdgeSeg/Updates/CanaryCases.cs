using System.Text.Json.Serialization;

namespace EdgeSeg.Updates;

/// <summary>The content of a bundle's file of canary cases (canary.json).</summary>
internal sealed record CanaryCases
{
    [JsonRequired]
    public int V { get; init; } = 1;

    [JsonRequired]
    public IReadOnlyList<CanaryCase> Cases { get; init; } = [];
}

/// <summary>A photograph of the bundle and the mask that the model returns for it.</summary>
internal sealed record CanaryCase
{
    /// <summary>File of the bundle.</summary>
    [JsonRequired]
    public string Image { get; init; } = "";

    /// <summary>Clicks, x and y in pixels; empty: automatic segmentation.</summary>
    public IReadOnlyList<float[]> Clicks { get; init; } = [];

    /// <summary>Height and width, as in COCO.</summary>
    [JsonRequired]
    public int[] Size { get; init; } = [];

    /// <summary>The expected mask, COCO run lengths.</summary>
    [JsonRequired]
    public string Counts { get; init; } = "";
}

/// <summary>What the canary's process writes to its standard output. <see cref="Reason"/> null: it passed.</summary>
internal sealed record CanaryResult
{
    public string? Reason { get; init; }

    public string Text { get; init; } = "";

    /// <summary>Lowest IoU of the cases.</summary>
    public double Iou { get; init; }

    /// <summary>Median time of the candidate over that of the model in use.</summary>
    public double LatencyRatio { get; init; }

    /// <summary>Peak resident memory of the process, in MiB.</summary>
    public double MemoryMib { get; init; }
}
