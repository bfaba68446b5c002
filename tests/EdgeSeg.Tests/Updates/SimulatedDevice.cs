using System.Security.Cryptography.X509Certificates;
using EdgeSeg.Messages;
using EdgeSeg.Telemetry;
using EdgeSeg.Testing;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace EdgeSeg.Updates;

/// <summary>
/// A device of a simulated fleet: a real updater, store and download; an MQTT client of its own. No camera and no model: every canary
/// passes and live results are always good.
/// </summary>
internal sealed class SimulatedDevice : IAsyncDisposable, IModelHost, ICanary
{
    private readonly Scratch scratch = new();
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly CancellationTokenSource stop = new();
    private readonly ManifestInbox inbox = new();
    private readonly Download download = new(new DownloadOptions { Schemes = ["http"] }, TimeProvider.System);
    private readonly Topics topics;
    private readonly string fleet;
    private Task loop = Task.CompletedTask;

    public SimulatedDevice(string id, string fleet) => (topics, this.fleet) = (new Topics(id, []), fleet);

    public string Id => topics.Device;

    public UpdateReport Last { get; private set; } = new(UpdateReport.Idle);

    public LiveStats Live { get; } = new(1000, 1, 0.9, 0.2);

    public bool IsBusy => false;

    public Task SwapAsync(string? folder, CancellationToken cancel) => Task.CompletedTask;

    public Task<CanaryResult> RunAsync(string folder, string reference, CanaryTerms terms, CancellationToken cancel) =>
        Task.FromResult(new CanaryResult { Iou = 1, LatencyRatio = 1 });

    /// <summary>Connects over TLS with a password, publishes info and status, and follows manifests.</summary>
    public async Task StartAsync(int port, X509Certificate2 authority, KeySet keys, IReadOnlyList<string> tags)
    {
        client.ApplicationMessageReceivedAsync += incoming =>
        {
            var message = incoming.ApplicationMessage;
            if (message.Topic == topics.ModelDesired || message.Topic == Topics.FleetModelDesired(topics.Prefix, fleet))
                inbox.Offer(message.Topic != topics.ModelDesired, System.Buffers.BuffersExtensions.ToArray(message.Payload));
            return Task.CompletedTask;
        };
        var options = new MqttClientOptionsBuilder()
            .WithProtocolVersion(MqttProtocolVersion.V500)
            .WithTcpServer("127.0.0.1", port)
            .WithClientId(Id)
            .WithCredentials(Id, $"secret-{Id}")
            .WithTlsOptions(o =>
                o.UseTls().WithTrustChain([authority]).WithRevocationMode(X509RevocationMode.NoCheck).WithTargetHost("localhost")
            );
        await client.ConnectAsync(options.Build());
        foreach (var topic in new[] { topics.ModelDesired, Topics.FleetModelDesired(topics.Prefix, fleet) })
            await client.SubscribeAsync(topic, MqttQualityOfServiceLevel.AtLeastOnce);
        using var json = new JsonBuffer();
        await PublishAsync(topics.Info, InfoMessage.Write(json, Info(tags)).ToArray());
        await PublishAsync(
            topics.Status,
            StatusMessage.Write(json, Id, Samples.Session, ServiceState.Online, [], Samples.Utc, new LinkDrops(0, 0, 0, 0)).ToArray()
        );
        var store = new SlotStore(Path.Combine(scratch.Path, "models"));
        var context = new UpdateContext
        {
            Options = new UpdaterOptions
            {
                Device = new DeviceInfo
                {
                    Device = Id,
                    Machine = "linux-arm64",
                    Tags = tags,
                    Edgeseg = new Version(9, 0),
                    Runtime = new Version(9, 0),
                },
                Keys = keys,
                Shipped = scratch.Path,
            },
            Store = store,
            File = StateFile.Open(store.Root),
            Host = this,
            Time = TimeProvider.System,
            Reporter = new UpdateReporter(Report, _ => { }),
        };
        loop = Task.Run(() => new Updater(context, download, this, inbox).RunAsync(stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop.ContinueWith(_ => { }, TaskScheduler.Default);
        client.Dispose();
        download.Dispose();
        stop.Dispose();
        scratch.Dispose();
    }

    private InfoContent Info(IReadOnlyList<string> tags)
    {
        var sample = Samples.Info();
        return new InfoContent
        {
            Device = Id,
            Session = sample.Session,
            Fleet = fleet,
            Tags = tags,
            Versions = sample.Versions,
            Models = sample.Models,
            Provider = sample.Provider,
            PrecisionReason = sample.PrecisionReason,
            Cameras = sample.Cameras,
            Commands = sample.Commands,
        };
    }

    private void Report(UpdateReport report)
    {
        Last = report;
        using var json = new JsonBuffer();
        var message = ModelStateMessage.Write(json, Id, Samples.Session, fleet, report, Samples.Model, DateTimeOffset.UtcNow).ToArray();
        _ = PublishAsync(topics.ModelState, message);
    }

    private Task<MqttClientPublishResult> PublishAsync(string topic, byte[] payload) =>
        client.PublishAsync(
            new MqttApplicationMessageBuilder()
                .WithTopic(topic)
                .WithRetainFlag()
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                .WithPayload(payload)
                .Build()
        );
}
