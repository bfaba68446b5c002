using System.Net;
using EdgeSeg.Capture;
using EdgeSeg.Cli;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Platform;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.WebConsole;

namespace EdgeSeg.Service;

/// <summary>
/// The running service: model, broker, link and pipeline put together from the settings, and the control loop that looks after them
/// (camera states, status, telemetry). One instance a process.
/// </summary>
internal sealed class EdgeSegService : IAsyncDisposable
{
    private readonly Settings settings;
    private readonly Journal journal;
    private readonly TimeProvider time;
    private readonly ServiceInfo facts;
    private LoadedModel modelTold;
    private EngineBuild? build;
    private readonly ModelUpdates? updates;
    private readonly EmbeddedBroker? broker;
    private readonly MqttLink link;
    private readonly TelemetryCollector reporter;
    private readonly FramePipeline pipeline;
    private readonly ServiceNotifier notifier;
    private readonly Heartbeat controlBeat;
    private readonly Watchdog watchdog;
    private bool readyTold;
    private readonly JsonBuffer json = new();
    private readonly Dictionary<string, CameraState> told = [];
    private readonly AlertPublisher alerts;
    private readonly TaskCompletionSource<string> fatal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string[] reasons = [];
    private long telemetrySent;
    private DeviceVitals board;
    private volatile bool homeAssistantBorn;
    private readonly OtlpMetrics? otlp;

    private EdgeSegService(
        Settings settings,
        LoadedModel model,
        ModelUpdates? updates,
        EmbeddedBroker? broker,
        Journal journal,
        ServiceNotifier notifier,
        TimeProvider time
    )
    {
        (this.settings, modelTold, this.updates, this.broker, this.journal, this.notifier, this.time) = (
            settings,
            model,
            updates,
            broker,
            journal,
            notifier,
            time
        );
        facts = new ServiceInfo(DeviceId.Resolve(settings.Device), FrameId.NewSession());
        Topics = new Topics(facts.Device, settings.Cameras.Select(c => c.Id));
        link = new MqttLink(
            LinkSettings.Options(settings.Mqtt, broker, Topics, facts.Session, Subscriptions(), Received),
            time,
            journal.Info
        );
        reporter = new TelemetryCollector(facts.Device, facts.Session, settings.Cameras.Select(c => c.Id), time);
        alerts = new AlertPublisher(
            Topics,
            facts.Session,
            AlertRules.Ids(settings.Cameras.Select(c => c.Id)),
            (topic, payload) => link.TrySetState(topic, payload),
            journal,
            time
        );
        board = DeviceVitals.Read(settings.StateDir);
        if (settings.Telemetry.OtlpEndpoint is { Length: > 0 } collector)
            otlp = new OtlpMetrics(collector, facts.Device, facts.Session, ProgramVersion.Text, settings.Telemetry.IntervalS);
        var heartbeats = new Heartbeats(time);
        controlBeat = heartbeats.Add("control", TimeSpan.FromMilliseconds(ServiceLimits.ControlStuckMs));
        var inferenceBeat = heartbeats.Add(
            "inference",
            TimeSpan.FromSeconds(settings.Model.TimeoutS) + TimeSpan.FromMilliseconds(ServiceLimits.CutHeededMs)
        );
        pipeline = new FramePipeline(
            settings,
            new PipelineParts
            {
                Model = model,
                Service = facts,
                Topics = Topics,
                Sink = link,
                Telemetry = reporter,
                Beat = inferenceBeat.Beat,
                ReportError = journal.Error,
                ReportWarning = journal.Warning,
                Time = time,
            }
        );
        foreach (var camera in pipeline.Cameras)
            camera.Runner.Fatal += reason => fatal.TrySetResult($"{reason}: camera {camera.Settings.Id}");
        watchdog = new Watchdog(notifier, heartbeats, journal.Error, time);
    }

    public Topics Topics { get; }

    /// <summary>Masks handed to the link so far, found or not.</summary>
    public long Results => pipeline.MasksPublished;

    /// <summary>Where the broker is reached.</summary>
    public (string Host, int Port) Broker =>
        broker is null ? (settings.Mqtt.Host, settings.Mqtt.EffectivePort) : (broker.Address.ToString(), broker.Port);

    /// <summary>Loads the model, starts the broker where it is embedded, and everything else.</summary>
    /// <param name="settings">What to run.</param>
    /// <param name="journal">Where to tell.</param>
    /// <param name="time">Clock and timers.</param>
    /// <param name="broker">An embedded broker that already runs; the service takes it over. Null: as the settings say.</param>
    /// <param name="notifier">Tells the service manager; null: as the environment says.</param>
    /// <exception cref="OperatingException">Something is missing or wrong.</exception>
    public static async Task<EdgeSegService> StartAsync(
        Settings settings,
        Journal journal,
        TimeProvider time,
        EmbeddedBroker? broker = null,
        ServiceNotifier? notifier = null
    )
    {
        NativeLibraries.Configure(NativeLibraries.Runtime, settings.Runtime.Library);
        NativeLibraries.Configure(NativeLibraries.OpenCv, settings.Runtime.OpenCvLibrary);
        var choice = new ModelChoice
        {
            Folder = settings.Model.Dir,
            SaliencyFolder = settings.Model.SalienceDir,
            Precision = settings.Model.Precision.ToString().ToLowerInvariant(),
            Threads = settings.Model.Threads,
            Providers = settings.Runtime.Providers,
            StateFolder = settings.StateDir,
        };
        var updates = ModelUpdates.Open(settings, journal, time);
        var model = LoadFirst(choice, updates, out var first);
        foreach (var reason in model.PassedOver)
            journal.Warning($"execution provider passed over: {reason}");
        model.Segmenter.SaliencyThreshold = (float)settings.Auto.Threshold;
        try
        {
            var console =
                broker is null && settings.Console.Enabled
                    ? WebListener.Open(IPAddress.Parse(settings.Console.Bind), settings.Console.Port)
                    : null;
            broker ??= await LinkSettings.StartBrokerAsync(settings.Mqtt, console);
            if (console is not null)
                journal.Info($"console on http://{console.EndPoint}/");
            var service = new EdgeSegService(
                settings,
                model,
                updates,
                broker,
                journal,
                notifier ?? ServiceNotifier.FromEnvironment(time),
                time
            );
            service.Start(choice);
            if (first is not null)
                service.build = new EngineBuild(
                    choice with
                    {
                        Folder = updates?.Folder ?? choice.Folder,
                    },
                    first,
                    service.pipeline.Model.Offer,
                    service.journal.Info
                );
            return service;
        }
        catch
        {
            if (broker is not null)
                await broker.DisposeAsync();
            model.Dispose();
            if (updates is not null)
                await updates.DisposeAsync();
            throw;
        }
    }

    /// <summary>The installed bundle if it loads, else the one before it, at last the shipped one.</summary>
    private static LoadedModel LoadFirst(ModelChoice choice, ModelUpdates? updates, out ExecutionProvider? first)
    {
        while (true)
        {
            try
            {
                return EngineBuild.Load(choice with { Folder = updates?.Folder ?? choice.Folder }, out first);
            }
            catch (OperatingException e) when (updates is { Slot: not null })
            {
                updates.GoBack(e.Message);
            }
        }
    }

    private void Start(ModelChoice choice)
    {
        facts.ClockSynced = SystemClock.IsSynchronised();
        link.TrySetState(Topics.Info, InfoMessage.Write(json, Info()));
        if (settings.HomeAssistant.Enabled)
            TellHomeAssistant();
        link.Start();
        pipeline.Start();
        updates?.Start(
            new ServiceModelHost(
                pipeline.Model,
                pipeline.Quality,
                choice,
                () => pipeline.IsBusy,
                () => build?.Dispose(),
                pipeline.Wake,
                time
            ),
            link,
            Topics,
            facts,
            () => ((LoadedModel)pipeline.Model.Model).Info
        );
        telemetrySent = time.GetTimestamp();
        journal.Info(
            $"edgeseg {ProgramVersion.Text} runs as {facts.Device}: model {modelTold.Name} {modelTold.Version} {modelTold.Precision} ({modelTold.PrecisionReason}), broker {Broker.Host}:{Broker.Port}, cameras {string.Join(", ", pipeline.Cameras.Select(l => l.Settings.Id))}"
        );
    }

    /// <summary>
    /// The control loop. Ends when cancelled, or when every source has come to its end; then, or when only a new process can help, returns
    /// the exit code.
    /// </summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(ServiceLimits.ControlTickMs), time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                Tick();
                if (fatal.Task.IsCompleted)
                {
                    journal.Error($"{fatal.Task.Result}: only a new process can help, ending so that the service manager starts one");
                    return ExitCode.Failed;
                }

                if (
                    pipeline.Cameras.Count > 0
                    && pipeline.Cameras.All(l => l.Runner.Status.State == CameraState.Ended && l.SlotsTaken == 0)
                )
                    return ExitCode.Ok;
            }
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }

        return ExitCode.Ok;
    }

    private void Tick()
    {
        controlBeat.Beat();
        facts.ClockSynced = SystemClock.IsSynchronised();
        foreach (var lane in pipeline.Cameras)
            TellCamera(lane);
        if (time.GetElapsedTime(telemetrySent).TotalSeconds >= settings.Telemetry.IntervalS)
            TellTelemetry();
        TellModel();
        TellConditions();
        TellManager();
        if (!homeAssistantBorn)
            return;
        homeAssistantBorn = false;
        TellHomeAssistant();
    }

    /// <summary>Another model may have taken its place.</summary>
    private void TellModel()
    {
        if (ReferenceEquals(((LoadedModel)pipeline.Model.Model), modelTold))
            return;
        modelTold = ((LoadedModel)pipeline.Model.Model);
        link.TrySetState(Topics.Info, InfoMessage.Write(json, Info()));
    }

    private string[] Subscriptions() =>
        [
            .. Topics.Cameras.Select(c => c.Commands),
            .. updates?.Subscriptions(Topics) ?? [],
            .. settings.HomeAssistant.Enabled ? [HomeAssistantMessage.BirthTopic(settings.HomeAssistant.Prefix)] : Array.Empty<string>(),
        ];

    /// <summary>On the MQTT client's thread: hands over to the command desk or the control loop.</summary>
    private void Received(IncomingMessage message)
    {
        if (updates?.Received(message, Topics) == true)
            return;
        if (message.Topic != HomeAssistantMessage.BirthTopic(settings.HomeAssistant.Prefix))
            pipeline.Commands.Receive(message);
        else
            homeAssistantBorn |= message.Payload.AsSpan().SequenceEqual("online"u8);
    }

    private void TellHomeAssistant() =>
        link.TrySetState(
            HomeAssistantMessage.Topic(settings.HomeAssistant.Prefix, facts.Device),
            HomeAssistantMessage.Write(json, Topics, ProgramVersion.Text, board.Zones.Count > 0)
        );

    private void TellTelemetry()
    {
        telemetrySent = time.GetTimestamp();
        board = DeviceVitals.Read(settings.StateDir);
        foreach (var lane in pipeline.Cameras)
        {
            var status = lane.Runner.Status;
            lane.Stats.SetSource(status.Grabbed, status.Reconnects, lane.SlotsTaken);
        }

        var figures = reporter.Take(link.Figures, board, pipeline.Model.Swaps, facts.ClockSynced);
        link.TryPublish(Topics.Telemetry, TelemetryMessage.Write(json, figures), MqttLink.Json, ServiceLimits.TelemetryExpiryS);
        otlp?.Tell(figures);
    }

    private void TellCamera(CameraPipeline lane)
    {
        var status = lane.Runner.Status;
        if (told.TryGetValue(lane.Settings.Id, out var last) && last == status.State)
            return;
        told[lane.Settings.Id] = status.State;
        link.TrySetState(lane.Topics.State, CameraStateMessage.Write(json, facts.Device, facts.Session, lane.Settings.Id, status));
        var line = $"camera {lane.Settings.Id}: {CameraStatus.Word(status.State)}{(status.Reason.Length > 0 ? $" ({status.Reason})" : "")}";
        // a fault has an alert, which is a line already
        if (!AlertRules.IsFaulty(status.State))
            journal.Info(line);
    }

    private void TellConditions()
    {
        var lasting = AlertRules.Lasting(
            pipeline.Cameras.Select(l => (l.Settings.Id, l.Runner.Status)),
            board,
            facts.Device,
            link.DuplicateId,
            facts.ClockSynced
        );
        alerts.Tell(lasting);
        var now = lasting
            .Where(a => a.Degrades)
            .Select(a => a.Camera is null ? a.Code : $"{a.Code}:{a.Camera}")
            .Concat(pipeline.Gpio.Faults)
            .Concat(build?.Reason is { } building ? [building] : [])
            .ToArray();
        if (now.SequenceEqual(reasons))
            return;
        reasons = now;
        facts.Degraded = now.Length > 0;
        pipeline.Gpio.Fault(facts.Degraded);
        link.SetStatus(facts.Degraded ? ServiceState.Degraded : ServiceState.Online, now);
    }

    /// <summary>
    /// Ready is told once the model is loaded, every camera has come up or is known not to, and so has the broker. Status: a line for
    /// people.
    /// </summary>
    private void TellManager()
    {
        if (!notifier.IsActive)
            return;
        var brokerKnown = link.Connected || link.ConnectFailures > 0;
        if (!readyTold && brokerKnown && pipeline.Cameras.All(l => l.Runner.Status.State != CameraState.Starting))
        {
            readyTold = true;
            notifier.Ready();
        }

        var cameras = string.Join(", ", pipeline.Cameras.Select(l => $"{l.Settings.Id} {CameraStatus.Word(l.Runner.Status.State)}"));
        var (read, accepted, tooSoon, missed, lost) = pipeline.Gpio.Figures;
        var wire = pipeline.Gpio.HasTrigger ? $"; edges {read}, obeyed {accepted}, too soon {tooSoon}, missed {missed}, lost {lost}" : "";
        notifier.Status(
            $"{(facts.Degraded ? "degraded: " : "")}{cameras}; broker {(link.Connected ? "connected" : "not connected")}; masks {pipeline.MasksPublished}{wire}"
        );
    }

    private InfoContent Info() =>
        new()
        {
            Device = facts.Device,
            Session = facts.Session,
            Versions = InfoVerb.Versions(),
            Models = [.. modelTold.Roles.Select(r => new InfoModel(r.Role, r.Model.Info, r.Model.Bundle.Manifest.WeightsLicence))],
            Provider = modelTold.ProviderTitle,
            PassedOver = build?.PassedOver is { Count: > 0 } inVain ? inVain : modelTold.PassedOver,
            PrecisionReason = modelTold.PrecisionReason,
            Cameras = [.. settings.Cameras.Select(c => new InfoCamera(c.Id, c.Scheme, c.Width, c.Height, c.Mode.ToWire()))],
            Commands = CameraCommand.Understood,
        };

    public async ValueTask DisposeAsync()
    {
        link.SetStatus(ServiceState.Stopping, []);
        watchdog.Dispose();
        build?.Dispose();
        if (updates is not null)
            await updates.DisposeAsync();
        pipeline.Dispose();
        await link.DisposeAsync();
        if (broker is not null)
            await broker.DisposeAsync();
        json.Dispose();
        alerts.Dispose();
        otlp?.Dispose();
    }
}
