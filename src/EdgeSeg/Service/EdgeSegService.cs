using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Service;

/// <summary>The running service: the parts that <see cref="ServiceBuilder"/> made, in the order in which they start and stop.</summary>
internal sealed class EdgeSegService : IAsyncDisposable
{
    public required Settings Settings { get; init; }

    public required ServiceInfo Info { get; init; }

    public required Topics Topics { get; init; }

    /// <summary>Null where a broker outside the process is configured.</summary>
    public required EmbeddedBroker? Broker { get; init; }

    public required MqttLink Link { get; init; }

    public required FramePipeline Pipeline { get; init; }

    /// <summary>Null where updates are off.</summary>
    public required ModelUpdates? Updates { get; init; }

    public required ServiceModelHost ModelHost { get; init; }

    /// <summary>Null unless a provider builds engines while the CPU serves.</summary>
    public required EngineBuild? Build { get; init; }

    public required ControlLoop Control { get; init; }

    public required Watchdog Watchdog { get; init; }

    public required Journal Journal { get; init; }

    /// <summary>Parts of the control loop that hold buffers.</summary>
    public required IReadOnlyList<IDisposable> Owned { get; init; }

    /// <summary>Masks published so far, found or not.</summary>
    public long Results => Pipeline.MasksPublished;

    internal void Start()
    {
        Control.Begin();
        Link.Start();
        Pipeline.Start();
        Control.StartReplaysWhenDue();
        Updates?.Start(ModelHost, Link, Topics, Info, () => Pipeline.Model.Model.Info);
        var model = Pipeline.Model.Model.Description;
        var broker = Broker is null ? $"{Settings.Mqtt.Host}:{Settings.Mqtt.EffectivePort}" : $"{Broker.Address}:{Broker.Port}";
        var cameras = string.Join(", ", Topics.Cameras.Select(c => c.Id));
        Journal.Info($"edgeseg {ProgramVersion.Text} runs as {Info.Device}: model {model.Title}, broker {broker}, cameras {cameras}");
    }

    /// <summary>Of the control loop, once <see cref="RunAsync"/> has returned.</summary>
    public int ExitCode { get; private set; }

    /// <summary>
    /// Runs the control loop until it is cancelled, every source has ended, or only a new process can help. Returns the exit code.
    /// </summary>
    public async Task<int> RunAsync(CancellationToken cancel) => ExitCode = await Control.RunAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        Link.SetStatus(ServiceState.Stopping, []);
        Watchdog.Dispose();
        Build?.Dispose();
        if (Updates is not null)
            await Updates.DisposeAsync();
        Pipeline.Dispose();
        await Link.DisposeAsync();
        if (Broker is not null)
            await Broker.DisposeAsync();
        foreach (var part in Owned)
            part.Dispose();
    }
}
