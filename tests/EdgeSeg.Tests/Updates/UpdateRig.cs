using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Release;
using EdgeSeg.Telemetry;
using EdgeSeg.Testing;
using Microsoft.Extensions.Time.Testing;

namespace EdgeSeg.Updates;

/// <summary>
/// A device on a test's disk: real store, state and updater; source, canary and host do what the test sets. <see cref="Boot"/> is a start
/// of the service, any number of times on the same disk.
/// </summary>
internal sealed class UpdateRig : IDisposable, IModelHost, IBundleSource, ICanary
{
    public const string Shipped = "shipped";

    private readonly Scratch scratch = new();
    private ManifestInbox desired = new();

    public UpdateRig() => Keys = ReleaseSamples.Trust(1, ReleaseSamples.Alice);

    public FakeTimeProvider Time { get; } = new(ReleaseSamples.Now);

    public KeySet Keys { get; set; }

    public DeviceInfo Device { get; set; } =
        new()
        {
            Device = "robot-7",
            Machine = "linux-arm64",
            Board = "Raspberry Pi 5 Model B",
            Edgeseg = new(0, 1, 0),
            Runtime = new(1, 31, 1),
        };

    public MaintenanceWindow? Window { get; set; }

    public bool ClockSynced { get; set; } = true;

    public string Folder => Path.Combine(scratch.Path, "models");

    public List<UpdateReport> Reports { get; } = [];

    public List<string> Log { get; } = [];

    /// <summary>The model in use by the host's last activation; the shipped one at first.</summary>
    public List<string> Serving { get; } = [Shipped];

    public int Fetches { get; private set; }

    public int Canaries { get; private set; }

    /// <summary>Throws what the source or the canary is to say.</summary>
    public Action<string> OnFetch { get; set; } = _ => { };

    public Action OnCanary { get; set; } = () => { };

    /// <summary>Reports progress of a download before <see cref="OnFetch"/>.</summary>
    public Action<Action<long>> OnProgress { get; set; } = _ => { };

    public Func<string, bool> Loads { get; set; } = _ => true;

    public LiveStats Live { get; set; } = new(0, 0, 0, 0);

    public bool IsBusy { get; set; }

    public SlotStore Store { get; private set; } = null!;

    public StateFile File { get; private set; } = null!;

    public Updater Updater { get; private set; } = null!;

    public UpdateReport Last => Reports[^1];

    public UpdateState State => File.State;

    /// <summary>Starts the service; returns the slot that serves, or <see cref="Shipped"/>.</summary>
    public string Boot()
    {
        Store = new SlotStore(Folder);
        File = StateFile.Open(Folder);
        desired = new ManifestInbox();
        var boot = new ModelBoot(Store, File, Log.Add);
        var slot = boot.Choose(Time.GetUtcNow());
        while (slot is not null && !Loads(slot))
            slot = boot.AfterFailure(slot, "it is garbage");
        var options = new UpdaterOptions
        {
            Device = Device,
            Keys = Keys,
            Window = Window,
            Shipped = "/shipped",
            ClockSynced = () => ClockSynced,
        };
        var context = new UpdateContext
        {
            Options = options,
            Store = Store,
            File = File,
            Host = this,
            Time = Time,
            Reporter = new UpdateReporter(Reports.Add, Log.Add),
        };
        Updater = new Updater(context, this, this, desired);
        Serving.Clear();
        Serving.Add(slot ?? Shipped);
        return Serving[0];
    }

    /// <summary>A proper stop, as the service does it.</summary>
    public void Stop()
    {
        if (State is { Phase: UpdatePhase.Trial, Starts: > 0 })
            File.Save(State with { Starts = State.Starts - 1 });
    }

    public void Offer(Manifest manifest, params SigningKey[] signers) =>
        Offer(ReleaseSamples.Seal(manifest, signers.Length == 0 ? [ReleaseSamples.Alice] : signers).Write());

    public void Offer(byte[] envelope, bool isFleet = false) => desired.Offer(isFleet, envelope);

    /// <summary>Puts a key set on its topic of the fleet's chain.</summary>
    public void OfferKeySet(Manifest manifest, params SigningKey[] signers) =>
        desired.OfferKeySet(isFleet: true, manifest.Keys!.Number, ReleaseSamples.Seal(manifest, signers).Write());

    public void OfferRaw(int number, byte[] envelope) => desired.OfferKeySet(isFleet: true, number, envelope);

    /// <summary>Looks once, or several times.</summary>
    public async Task RunOnceAsync(int times = 1)
    {
        for (var i = 0; i < times; i++)
            await Updater.RunOnceAsync(CancellationToken.None);
    }

    /// <summary>Takes a manifest up to the trial and, with live results like the former ones, to good.</summary>
    public async Task<string> InstallAsync(Manifest manifest)
    {
        Offer(manifest);
        await RunOnceAsync();
        Live = new LiveStats(50, 1, 0.9, 0.2);
        await RunOnceAsync(2);
        return SlotStore.NameOf(manifest.Bundle!);
    }

    /// <summary>A bundle with content of its own.</summary>
    public static Manifest Install(int version, long serial, string content = "weights") =>
        ReleaseSamples.Install() with
        {
            Serial = serial,
            Rollout = null,
            Bundle = ReleaseSamples.Install().Bundle! with
            {
                Version = version,
                Files =
                [
                    .. Contents(version, content)
                        .Select(f => new BundleFile
                        {
                            Name = f.Name,
                            Bytes = f.Bytes.Length,
                            Sha256 = Convert.ToHexStringLower(SHA256.HashData(f.Bytes)),
                        }),
                ],
            },
        };

    public static IEnumerable<(string Name, byte[] Bytes)> Contents(int version, string content) =>
        new[] { "model.json", "canary.json", "segmenter.onnx" }.Select(name =>
            (name, Encoding.ASCII.GetBytes($"{name} {version} {content}"))
        );

    private string content = "weights";

    /// <summary>What the source serves from now on, whatever a manifest says.</summary>
    public void Serve(string what) => content = what;

    public async Task FetchAsync(BundleInfo bundle, string folder, Action<long> progress, CancellationToken cancel)
    {
        await Task.Yield();
        Fetches++;
        OnProgress(progress);
        Directory.CreateDirectory(folder);
        OnFetch(folder);
        foreach (var (name, bytes) in Contents(bundle.Version, content))
        {
            System.IO.File.WriteAllBytes(Path.Combine(folder, name), bytes);
            progress(bytes.Length);
        }
    }

    public Task<CanaryResult> RunAsync(string folder, string reference, CanaryTerms terms, CancellationToken cancel)
    {
        Canaries++;
        OnCanary();
        return Task.FromResult(
            new CanaryResult
            {
                Iou = 1,
                LatencyRatio = 1,
                MemoryMib = 100,
            }
        );
    }

    public Task SwapAsync(string? folder, CancellationToken cancel)
    {
        var slot = folder is null ? Shipped : Path.GetFileName(folder);
        if (!Loads(slot))
            throw new UpdateException(UpdateReason.DoesNotLoad, "it is garbage");
        Serving.Add(slot);
        Live = new LiveStats(0, 0, 0, 0);
        return Task.CompletedTask;
    }

    public void Dispose() => scratch.Dispose();
}

/// <summary>Writes copies of a state as another version would.</summary>
internal static class StateCopies
{
    public static void Write(string folder, UpdateState state)
    {
        var json = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(state, UpdateJson.Default.UpdateState);
        var line = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(json)) + "\n");
        foreach (var name in new[] { "state-a.json", "state-b.json" })
            File.WriteAllBytes(Path.Combine(folder, name), [.. line, .. json]);
    }
}
