using System.Globalization;
using EdgeSeg.Configuration;
using EdgeSeg.Health;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Platform;
using EdgeSeg.Telemetry;
using EdgeSeg.Updates;
using EdgeSeg.Vision;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Service;

/// <summary>The model updates of the service: the bundle to start with, then the loop that follows <c>model/desired</c>.</summary>
internal sealed class ModelUpdates : IAsyncDisposable
{
    private readonly Settings settings;
    private readonly Journal journal;
    private readonly TimeProvider time;
    private readonly SlotStore store;
    private readonly StateFile file;
    private readonly ModelBoot boot;
    private readonly ManifestInbox inbox = new();
    private readonly CancellationTokenSource stop = new();
    private readonly JsonBuffer json = new(1024);
    private readonly FolderLock? taken;
    private Updater? updater;
    private Download? download;
    private Task loop = Task.CompletedTask;
    private volatile UpdateStats? stats;

    private ModelUpdates(Settings settings, Journal journal, TimeProvider time, FolderLock? taken)
    {
        (this.settings, this.journal, this.time, this.taken) = (settings, journal, time, taken);
        store = new SlotStore(FolderOf(settings.StateDir));
        file = StateFile.Open(store.Root);
        boot = new ModelBoot(store, file, journal.Warning);
        Slot = settings.Model.Dir.Length > 0 ? null : boot.Choose(time.GetUtcNow());
    }

    public static string FolderOf(string stateDir) => Path.Combine(stateDir, "models");

    /// <summary>Null where updates are off.</summary>
    /// <exception cref="OperatingException">Another service uses the folder of the state.</exception>
    public static ModelUpdates? Open(Settings settings, Journal journal, TimeProvider time)
    {
        if (!settings.Update.Enabled)
            return null;
        var taken = Take(settings.StateDir, journal);
        try
        {
            return new ModelUpdates(settings, journal, time, taken);
        }
        catch
        {
            taken?.Dispose();
            throw;
        }
    }

    /// <summary>Two services that change one store would undo each other's work.</summary>
    private static FolderLock? Take(string stateDir, Journal journal)
    {
        try
        {
            // the default folder is made by the package, or not at all where a person tries the program
            if (stateDir != Settings.DefaultStateDir)
                Directory.CreateDirectory(stateDir);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            journal.Warning($"state_dir {stateDir} cannot be made ({e.Message})");
        }

        if (!Directory.Exists(stateDir))
            return null;
        var taken = FolderLock.TryTake(stateDir, out var problem);
        if (taken is null)
            journal.Warning($"{stateDir} cannot be locked against a second service ({problem})");
        return taken;
    }

    /// <summary>The lock of a store's state_dir for a command, which keeps a service from starting meanwhile.</summary>
    /// <param name="store">Below state_dir.</param>
    /// <param name="isRunning">A service that runs has it.</param>
    /// <returns>Null: a service has it, or the disk knows no locks.</returns>
    public static FolderLock? TryTake(SlotStore store, out bool isRunning)
    {
        try
        {
            isRunning = false;
            return FolderLock.TryTake(Path.GetDirectoryName(store.Root)!, out _);
        }
        catch (OperatingException)
        {
            isRunning = true;
            return null;
        }
    }

    /// <summary>Where the updates are, for metrics; null: nothing was reported yet. Any thread.</summary>
    public UpdateStats? Stats => stats;

    /// <summary>The installed bundle to serve; null: the settings' or the shipped one.</summary>
    public string? Slot { get; private set; }

    /// <summary>Folder of <see cref="Slot"/>; empty when there is none.</summary>
    public string? Folder => Slot is null ? null : store.Folder(Slot);

    /// <summary>
    /// The folder of the bundle that a start would load, read without changing anything; null: the settings' or the shipped one.
    /// </summary>
    public static string? InstalledFolder(Settings settings)
    {
        if (!settings.Update.Enabled || settings.Model.Dir.Length > 0)
            return null;
        var installed = new SlotStore(FolderOf(settings.StateDir));
        return installed.Active is { } slot && installed.Has(slot) ? installed.Folder(slot) : null;
    }

    /// <summary>The slot does not load: selects the next one.</summary>
    public void GoBack(string why) => Slot = boot.AfterFailure(Slot!, why);

    /// <summary>Topic filters to subscribe to, with updates enabled.</summary>
    public static IReadOnlyList<string> Filters(Settings settings, Topics topics)
    {
        string[] own = [topics.ModelDesired, topics.ModelHold, topics.ModelKeys + "+"];
        return settings.Fleet.Length == 0
            ? own
            : [.. own, Topics.FleetModelDesired(topics.Prefix, settings.Fleet), Topics.FleetModelKeys(topics.Prefix, settings.Fleet) + "+"];
    }

    /// <summary>On the MQTT client's thread. False: the message is for somebody else.</summary>
    public bool Received(IncomingMessage message, Topics topics)
    {
        if (message.Topic == topics.ModelHold)
        {
            if (updater is not null)
                updater.HeldRemotely = UpdateHold.IsHold(message.Payload);
            return true;
        }

        var isFleet = settings.Fleet.Length > 0 && message.Topic == Topics.FleetModelDesired(topics.Prefix, settings.Fleet);
        if (!isFleet && message.Topic != topics.ModelDesired)
            return ReceivedKeySet(message, topics);
        if (message.TooLarge)
            TooLarge(message);
        else
            inbox.Offer(isFleet, message.Payload);
        return true;
    }

    private bool ReceivedKeySet(IncomingMessage message, Topics topics)
    {
        var fleet = settings.Fleet.Length > 0 ? Topics.FleetModelKeys(topics.Prefix, settings.Fleet) : null;
        var isFleet = fleet is not null && message.Topic.StartsWith(fleet, StringComparison.Ordinal);
        if (!isFleet && !message.Topic.StartsWith(topics.ModelKeys, StringComparison.Ordinal))
            return false;
        var level = message.Topic.AsSpan((isFleet ? fleet! : topics.ModelKeys).Length);
        var isNumber = int.TryParse(level, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        if (message.TooLarge)
            TooLarge(message);
        else if (!isNumber || number is < 2 or > UpdateLimits.MaxKeySetNumber)
            journal.Warning($"{message.Topic} does not end with the number of a key set: ignored");
        else
            inbox.OfferKeySet(isFleet, number, message.Payload);
        return true;
    }

    private void TooLarge(IncomingMessage message) =>
        journal.Warning(
            $"the message on {message.Topic} is larger than the {UpdateLimits.MaxEnvelopeBytes} bytes of a signed manifest: ignored"
        );

    /// <param name="host">Swaps models.</param>
    /// <param name="link">Publishes.</param>
    /// <param name="topics">Of this device.</param>
    /// <param name="info">Of this service.</param>
    /// <param name="active">The model in use.</param>
    public void Start(IModelHost host, IServiceLink link, Topics topics, ServiceInfo info, Func<ModelInfo> active)
    {
        // the settings were checked: this is empty or a window
        _ = MaintenanceWindow.TryParse(settings.Update.Window, out var window);
        var options = new UpdaterOptions
        {
            Device = Device(info.Device, settings.Model.Dir.Length > 0) with { Tags = settings.Tags },
            Keys = KeySet.ReadFolder(settings.Update.KeysDir, settings.Update.Threshold, settings.Update.KeySet),
            Window = window,
            // a pinned device is not updated, and need not have another bundle
            Shipped = settings.Model.Dir.Length > 0 ? settings.Model.Dir : LoadedModel.DefaultFolder(),
            ClockSynced = () => info.ClockSynced,
        };
        download = new Download(UpdateServer.Options(settings.Update), time);
        var canary = new Canary(
            new CanaryOptions
            {
                ModelArguments = ["--precision", settings.Model.Precision.ToWire(), "--threads", $"{settings.Model.Threads}"],
            }
        );
        var context = new UpdateContext
        {
            Options = options,
            Store = store,
            File = file,
            Host = host,
            Time = time,
            Reporter = new UpdateReporter(Publish, journal.Info),
        };
        updater = new Updater(context, download, canary, inbox);
        loop = Task.Run(() => updater.RunAsync(stop.Token));

        void Publish(UpdateReport report)
        {
            var hasFailed = report.State is UpdateReport.Refused or UpdateReport.RolledBack;
            stats = new UpdateStats(report.State, hasFailed, report.Version, report.Reason, report.Bytes, report.BytesTotal);
            link.TrySetState(
                topics.ModelState,
                ModelStateMessage.Write(json, info.Device, info.Session, settings.Fleet, report, active(), time.GetUtcNow())
            );
        }
    }

    public static DeviceInfo Device(string device, bool isPinned) =>
        new()
        {
            Device = device,
            Machine = SoftwareVersions.Machine,
            Board = Sensors.Text("/proc/device-tree", "model").TrimEnd('\0', '\n'),
            Edgeseg = UpdateGate.VersionOf(ProgramVersion.Text),
            Runtime = UpdateGate.VersionOf(LoadedModel.RuntimeVersion),
            IsPinned = isPinned,
        };

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop.ContinueWith(_ => { }, TaskScheduler.Default);
        try
        {
            // a proper stop is no crash of the model on trial
            if (file is { Found: StateFound.Fresh or StateFound.Read, State: { Phase: UpdatePhase.Trial, Starts: > 0 } state })
                file.Save(state with { Starts = state.Starts - 1 });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            journal.Warning($"the state of the model updates cannot be written ({e.Message})");
        }

        download?.Dispose();
        stop.Dispose();
        json.Dispose();
        taken?.Dispose();
    }
}
