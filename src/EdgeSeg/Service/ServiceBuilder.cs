using System.Net;
using EdgeSeg.Configuration;
using EdgeSeg.Health;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.WebConsole;

namespace EdgeSeg.Service;

/// <summary>Puts the service together from its settings and starts it. This file is the list of its parts.</summary>
internal static class ServiceBuilder
{
    /// <param name="settings">What to run.</param>
    /// <param name="journal">Takes lines for people.</param>
    /// <param name="time">Clock and timers.</param>
    /// <param name="broker">An embedded broker that already runs; the service takes it over. Null: as configured.</param>
    /// <param name="notifier">Reports to the service manager; null: as the environment states.</param>
    /// <param name="waitForSubscriber">Cameras that replay files start when a client has subscribed to masks at the embedded
    /// broker.</param>
    /// <exception cref="OperatingException">Something is missing or wrong. Everything that was started is stopped again.</exception>
    public static async Task<EdgeSegService> StartAsync(
        Settings settings,
        Journal journal,
        TimeProvider time,
        EmbeddedBroker? broker = null,
        ServiceNotifier? notifier = null,
        bool waitForSubscriber = false
    )
    {
        NativeLibraries.Configure(NativeLibraries.Runtime, settings.Runtime.Library);
        NativeLibraries.Configure(NativeLibraries.OpenCv, settings.Runtime.OpenCvLibrary);
        CheckState(settings, journal);
        var updates = ModelUpdates.Open(settings, journal, time);
        LoadedModel? model = null;
        WebListener? listener = null;
        EdgeSegService service;
        try
        {
            model = LoadModel(settings, updates, journal, out var buildsLater);
            if (waitForSubscriber && broker is null && !settings.Mqtt.IsEmbedded)
                throw new OperatingException("--wait-for-subscriber needs the embedded broker (mqtt.host = \"embedded\")", 2);
            var metrics = settings.Console.Metrics ? new PrometheusMetrics() : null;
            if (broker is null)
                (broker, listener) = await ListenAsync(settings, metrics, journal);
            service = Build(
                settings,
                model,
                buildsLater,
                updates,
                broker,
                journal,
                notifier ?? ServiceNotifier.FromEnvironment(time),
                time,
                waitForSubscriber,
                metrics,
                listener
            );
        }
        catch
        {
            listener?.Dispose();
            if (broker is not null)
                await broker.DisposeAsync();
            model?.Dispose();
            if (updates is not null)
                await updates.DisposeAsync();
            throw;
        }

        try
        {
            service.Start();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>A folder that cannot be made is an error of the settings; one that cannot be written now does not stop the masks.</summary>
    private static void CheckState(Settings settings, Journal journal)
    {
        if (!settings.Update.Enabled && !settings.Samples.Enabled)
            return;
        // the default folder needs rights that a person who tries the program need not have
        if (!Directory.Exists(settings.StateDir) && settings.StateDir != Settings.DefaultStateDir)
            StartCheck.CheckStateFolder(settings.StateDir);
        else if (SystemChecks.StateFault(settings.StateDir, isService: true) is var (finding, remedy))
            journal.Warning($"{finding}: {remedy}");
    }

    /// <summary>
    /// How models are loaded: the bundle of the settings, or the one in <paramref name="installed"/>, or the shipped one.
    /// </summary>
    public static ModelChoice ModelChoiceOf(Settings settings, string? installed) =>
        new()
        {
            Folder = installed ?? settings.Model.Dir,
            SaliencyFolder = settings.Model.SalienceDir,
            Precision = settings.Model.Precision.ToWire(),
            Threads = settings.Model.Threads,
            Providers = settings.Runtime.Providers,
            StateFolder = settings.StateDir,
        };

    private static EdgeSegService Build(
        Settings settings,
        LoadedModel model,
        ExecutionProvider? buildsLater,
        ModelUpdates? updates,
        EmbeddedBroker? broker,
        Journal journal,
        ServiceNotifier notifier,
        TimeProvider time,
        bool waitForSubscriber,
        PrometheusMetrics? metrics,
        WebListener? listener
    )
    {
        foreach (var notice in settings.Notices)
            journal.Warning(notice);
        var info = new ServiceInfo(DeviceId.Resolve(settings.Device), FrameId.NewSession());
        var topics = new Topics(info.Device, settings.Cameras.Select(c => c.Id), settings.Mqtt.TopicPrefix);
        var router = new MessageRouter(settings, topics, updates);
        var filters = MessageRouter.Filters(settings, topics);
        var linkOptions = LinkSettings.Options(settings.Mqtt, broker, topics, info.Session, filters, router.Receive);
        var link = new MqttLink(linkOptions, time, journal.Info);
        var heartbeats = new Heartbeats(time);
        var collector = new TelemetryCollector(info.Device, info.Session, settings.Cameras.Select(c => c.Id), time);
        var inferenceBeat = heartbeats.Add("inference", InferenceLimit(settings)).Beat;
        var pipeline = NewPipeline(settings, model, info, topics, link, collector, inferenceBeat, journal, time);
        router.Commands = pipeline.Commands;
        var choice = ModelChoiceOf(settings, updates?.Folder);
        var build = buildsLater is null ? null : new EngineBuild(choice, buildsLater, pipeline.Model.Offer, journal.Info);
        var telemetry = new TelemetryPublisher(settings, collector, pipeline, link, topics, info, time, journal.Warning, metrics);
        telemetry.Updates = () => updates?.Stats;
        var announcements = new InfoPublisher(settings, pipeline, link, topics, info, build);
        router.HomeAssistantStarted = announcements.RequestDiscovery;
        var states = new CameraStatePublisher(pipeline.Cameras, link, info, journal);
        var alerts = new AlertPublisher(topics, info.Session, AlertRules.Ids(topics), link, journal, time);
        var alertsAndStatus = new AlertAndStatusPublisher(pipeline, link, info, alerts, telemetry, build);
        var manager = new ManagerReport(notifier, pipeline, link, info);
        Func<bool>? hasSubscriber = broker is null ? null : () => topics.Cameras.Any(c => broker.HasSubscriber(c.Mask));
        var replays = new ReplayStart(pipeline, hasSubscriber, waitForSubscriber, time);
        var control = new ControlLoop(
            pipeline,
            info,
            announcements,
            states,
            alertsAndStatus,
            telemetry,
            manager,
            replays,
            heartbeats.Add("control", ControlLimit).Beat,
            journal,
            time
        );
        return new EdgeSegService
        {
            Settings = settings,
            Info = info,
            Topics = topics,
            Broker = broker,
            Link = link,
            Pipeline = pipeline,
            Updates = updates,
            ModelHost = new ServiceModelHost(pipeline, choice, LoadedModel.Load, () => build?.Dispose(), time),
            Build = build,
            Control = control,
            Watchdog = new Watchdog(notifier, heartbeats, journal.Error, time),
            Journal = journal,
            Owned = listener is null ? [telemetry, announcements, states, alerts] : [telemetry, announcements, states, alerts, listener],
        };
    }

    private static FramePipeline NewPipeline(
        Settings settings,
        IInferenceModel model,
        ServiceInfo info,
        Topics topics,
        MqttLink link,
        TelemetryCollector collector,
        Action beat,
        Journal journal,
        TimeProvider time
    ) =>
        new(
            settings,
            new PipelineParts
            {
                Model = model,
                Service = info,
                Topics = topics,
                Sink = link,
                Telemetry = collector,
                Beat = beat,
                ReportError = journal.Error,
                ReportWarning = journal.Warning,
                Time = time,
            }
        );

    private static TimeSpan InferenceLimit(Settings settings) =>
        TimeSpan.FromSeconds(settings.Model.TimeoutS) + TimeSpan.FromMilliseconds(ServiceLimits.CancelHeededMs);

    private static TimeSpan ControlLimit => TimeSpan.FromMilliseconds(ServiceLimits.ControlStuckMs);

    /// <summary>The installed bundle if it loads, else the one before it, at last the shipped one.</summary>
    private static LoadedModel LoadModel(Settings settings, ModelUpdates? updates, Journal journal, out ExecutionProvider? buildsLater)
    {
        while (true)
        {
            try
            {
                var model = EngineBuild.Load(ModelChoiceOf(settings, updates?.Folder), out buildsLater);
                foreach (var reason in model.PassedOver)
                    journal.Warning($"execution provider not used: {reason}");
                model.Segmenter.SaliencyThreshold = (float)settings.Auto.Threshold;
                return model;
            }
            catch (OperatingException e) when (updates is { Slot: not null })
            {
                updates.GoBack(e.Message);
            }
        }
    }

    /// <summary>The embedded broker and the console's listener, each where the settings ask for it.</summary>
    private static async Task<(EmbeddedBroker? Broker, WebListener? Listener)> ListenAsync(
        Settings settings,
        PrometheusMetrics? metrics,
        Journal journal
    )
    {
        var bind = IPAddress.Parse(settings.Console.Bind);
        var page = settings.Console.Enabled
            ? new PageSettings(settings.Console.BrokerUrl, settings.Mqtt.TopicPrefix, DeviceId.Resolve(settings.Device))
            : null;
        var listener = settings.Console.IsListening ? WebListener.Open(bind, settings.Console.Port, page) : null;
        try
        {
            // the embedded broker starts the console's listener; without it the page connects to the external broker itself
            var broker = await LinkSettings.StartBrokerAsync(settings.Mqtt, settings.Console.Enabled ? listener : null);
            if (listener is null)
                return (broker, null);
            listener.Metrics = metrics;
            if (broker is null || page is null)
                listener.Start();
            if (settings.Console.Enabled)
                journal.Info($"console on http://{listener.EndPoint}/");
            if (settings.Console.Metrics)
                journal.Info($"metrics on http://{listener.EndPoint}{WebListener.MetricsPath}");
            return (broker, listener);
        }
        catch
        {
            listener?.Dispose();
            throw;
        }
    }
}
