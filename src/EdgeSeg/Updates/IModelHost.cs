using EdgeSeg.Messages;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Updates;

/// <summary>
/// Runs the model: the service, or nothing (<see cref="NoModelHost"/>) when the store is changed while the service is down.
/// </summary>
internal interface IModelHost
{
    /// <summary>Results of the model in use.</summary>
    LiveStats Live { get; }

    /// <summary>A command or a trigger waits for its answer.</summary>
    bool IsBusy { get; }

    /// <summary>Loads a bundle, which serves from the next frame on.</summary>
    /// <param name="folder">The bundle; null: the one shipped with the program.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="UpdateException">It does not load; the model in use stays.</exception>
    Task SwapAsync(string? folder, CancellationToken cancel);
}

/// <summary>The service is down: it loads what the link names when it starts.</summary>
internal sealed class NoModelHost : IModelHost
{
    public LiveStats Live { get; } = new(0, 0, 0, 0);

    public bool IsBusy => false;

    public Task SwapAsync(string? folder, CancellationToken cancel) => Task.CompletedTask;
}
