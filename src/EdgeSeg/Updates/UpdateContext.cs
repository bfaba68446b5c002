namespace EdgeSeg.Updates;

/// <summary>What all steps of an update work on: the device, its disk, its model and its reports.</summary>
internal sealed record UpdateContext
{
    public required UpdaterOptions Options { get; init; }

    public required SlotStore Store { get; init; }

    public required StateFile File { get; init; }

    public required IModelHost Host { get; init; }

    public required UpdateReporter Reporter { get; init; }

    public required TimeProvider Time { get; init; }

    public UpdateState State => File.State;

    /// <summary>The time, never earlier than the newest time that was seen.</summary>
    public DateTimeOffset Now => Time.GetUtcNow() is var clock && clock > State.NewestTime ? clock : State.NewestTime;

    /// <summary>The newest time that is known once a signed manifest was accepted.</summary>
    public DateTimeOffset NewestTime(Manifest manifest)
    {
        var newest = State.NewestTime > manifest.Issued ? State.NewestTime : manifest.Issued;
        return Options.ClockSynced() && Time.GetUtcNow() is var clock && clock > newest ? clock : newest;
    }
}
