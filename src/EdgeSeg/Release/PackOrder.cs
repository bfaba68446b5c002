using EdgeSeg.Updates;

namespace EdgeSeg.Release;

/// <summary>The parameters of packing a bundle.</summary>
internal sealed record PackOrder
{
    /// <summary>The bundle: model.json and its graphs.</summary>
    public required string Folder { get; init; }

    /// <summary>Target folder; new or empty.</summary>
    public required string Place { get; init; }

    public required string Url { get; init; }

    public required Issue Issue { get; init; }

    /// <summary>Null: that of model.json.</summary>
    public int? Version { get; init; }

    /// <summary>Photographs of the canary.</summary>
    public required IReadOnlyList<string> Photos { get; init; }

    public Rollout? Rollout { get; init; }

    public Compatible Compatible { get; init; } = new();

    /// <summary>Figures for people and dashboards; the agreement of the precisions is added.</summary>
    public IReadOnlyDictionary<string, double> Quality { get; init; } = new Dictionary<string, double>();

    /// <summary>The name of the cases' file is ignored.</summary>
    public CanaryTerms Canary { get; init; } = new();

    public LiveTerms Live { get; init; } = new();
}

/// <summary>The properties of every manifest, whatever its action.</summary>
internal sealed record Issue(long Serial, DateTimeOffset Expires, DateTimeOffset? NotBefore = null)
{
    public Manifest Manifest(string action) =>
        new()
        {
            Type = Updates.Manifest.TypeName,
            V = 1,
            Action = action,
            Serial = Serial,
            Issued = Now(),
            Expires = Expires,
            NotBefore = NotBefore,
        };

    /// <summary>In whole seconds: people read signed times.</summary>
    private static DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
}
