namespace EdgeSeg.Updates;

/// <summary>The properties of a device that decide whether an update suits it.</summary>
internal sealed record DeviceInfo
{
    public required string Device { get; init; }

    /// <summary>As <c>edgeseg info</c> names it: linux-arm64.</summary>
    public required string Machine { get; init; }

    /// <summary>As the device tree names it; empty: the board has no name.</summary>
    public string Board { get; init; } = "";

    public required Version Edgeseg { get; init; }

    public required Version Runtime { get; init; }

    /// <summary>The tags of the settings, by which a roll-out may choose devices.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary><c>model.dir</c> names a bundle: the operator has chosen the model, updates do not.</summary>
    public bool IsPinned { get; init; }
}
