#if FAILPOINTS
using System.CommandLine;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Service;
using EdgeSeg.Telemetry;
using EdgeSeg.Updates;

namespace EdgeSeg.Cli;

/// <summary>
/// <c>edgeseg update-drill</c>, in the builds that tests use only: a start of the service as far as updates go, without a camera or a model
/// in use so that tests can kill it at any moment. It applies one manifest and ends. Exit code 0: a bundle that is whole serves.
/// </summary>
internal static class UpdateDrillVerb
{
    public static Command Create()
    {
        var root = new Argument<string>("DIR") { Description = "Folder with models/ (the store), source/, keys/ and envelope.json." };
        var command = new Command("update-drill", "For tests.") { root };
        command.SetAction(async (parsed, cancel) => await RunAsync(parsed.GetValue(root)!, cancel));
        return command;
    }

    private static async Task<int> RunAsync(string root, CancellationToken cancel)
    {
        var (store, time) = (new SlotStore(Path.Combine(root, "models")), TimeProvider.System);
        var file = StateFile.Open(store.Root);
        var slot = new ModelBoot(store, file, Console.Error.WriteLine).Choose(time.GetUtcNow());
        Console.WriteLine($"serving {slot ?? "shipped"}");
        var host = new Host();
        var desired = new ManifestInbox();
        var options = new UpdaterOptions
        {
            Device = ModelUpdates.Device("drill", isPinned: false) with { Runtime = new Version(1, 99) },
            Keys = KeySet.ReadFolder(Path.Combine(root, "keys"), 1),
            Shipped = root,
        };
        using var download = new Download(new DownloadOptions { Schemes = ["file"], FileRoot = root }, time);
        var context = new UpdateContext
        {
            Options = options,
            Store = store,
            File = file,
            Host = host,
            Time = time,
            Reporter = new UpdateReporter(r => Console.WriteLine($"state {r.State} {r.Reason}"), Console.Error.WriteLine),
        };
        var updater = new Updater(context, download, host, desired);
        desired.Offer(false, await File.ReadAllBytesAsync(Path.Combine(root, "envelope.json"), cancel));
        for (
            var turn = 0;
            turn < 10 && !(file.State.Phase == UpdatePhase.Idle && file.State.Last is { State: UpdateReport.Active } && turn > 1);
            turn++
        )
            await updater.RunOnceAsync(cancel);
        if (file.State is { Phase: UpdatePhase.Trial, Starts: > 0 })
            file.Save(file.State with { Starts = 0 });
        Console.WriteLine($"ends {store.Active ?? "shipped"} {file.State.Phase}");
        return ExitCode.Ok;
    }

    /// <summary>Live results that never change, and a canary that every bundle passes.</summary>
    private sealed class Host : IModelHost, ICanary
    {
        public LiveStats Live { get; } = new(1000, 1, 0.9, 0.2);

        public bool IsBusy => false;

        public Task SwapAsync(string? folder, CancellationToken cancel) => Task.CompletedTask;

        public Task<CanaryResult> RunAsync(string folder, string reference, CanaryTerms terms, CancellationToken cancel) =>
            Task.FromResult(new CanaryResult { Iou = 1, LatencyRatio = 1 });
    }
}
#endif
