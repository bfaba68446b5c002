namespace EdgeSeg.Vision.Models;

/// <summary>How a model is to be loaded.</summary>
internal sealed record ModelChoice
{
    /// <summary>The bundle; null or empty: the one shipped with the program.</summary>
    public string? Folder { get; init; }

    /// <summary>
    /// The bundle in the salience role, for a model without saliency of its own; null or empty: the one shipped with the program.
    /// </summary>
    public string? SaliencyFolder { get; init; }

    /// <summary>True: a model without saliency of its own is loaded alone, and has no automatic mode.</summary>
    public bool IsSaliencyOptional { get; init; }

    /// <summary><c>auto</c>, <c>fp32</c> or <c>int8</c>.</summary>
    public string Precision { get; init; } = "auto";

    /// <summary>0: as many as there are cores, at most four.</summary>
    public int Threads { get; init; }

    /// <summary>Execution providers in order; empty: the best that the runtime has.</summary>
    public IReadOnlyList<string> Providers { get; init; } = [];

    /// <summary>The providers that <see cref="Providers"/> may name.</summary>
    public IReadOnlyList<ExecutionProvider> Known { get; init; } = ExecutionProviders.All;

    /// <summary>Folder for results of self-checks and built engines; null: they are not kept.</summary>
    public string? StateFolder { get; init; }
}
