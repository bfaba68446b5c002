using System.CommandLine;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Service;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>
/// On the device, for a person: <c>edgeseg model use</c>, <c>rollback</c>, <c>retry</c> and <c>hold</c>. The running service takes the
/// request from its folder; while it is down the store is changed here.
/// </summary>
internal static class ModelUseVerbs
{
    public static IEnumerable<Command> Create() => [Use(), Rollback(), Retry(), Hold()];

    private static Command Use()
    {
        var slot = new Argument<string>("SLOT") { Description = "An installed bundle as edgeseg model list names it, or shipped." };
        var command = new Command(
            "use",
            "Makes an installed bundle serve, without a trial. The manifest that was accepted before "
                + "does not undo it; a later one does.\n\nExample: edgeseg model use shipped"
        )
        {
            slot,
        };
        var places = ModelSlotVerbs.Places(command);
        command.SetAction(
            (parsed, cancel) =>
            {
                var (store, word) = (ModelSlotVerbs.OpenToWrite(parsed, places), parsed.GetValue(slot)!);
                if (word != UpdateHold.ShippedWord && !(SlotStore.IsSlotName(word) && store.Has(word)))
                    throw new OperatingException(
                        $"'{word}' is not installed in {store.Root}: edgeseg model list names what is",
                        ExitCode.Usage
                    );
                return AskAsync(store, word, cancel);
            }
        );
        return command;
    }

    private static Command Rollback()
    {
        var command = new Command(
            "rollback",
            "Makes the bundle serve that served before: the one before a trial, or before the last "
                + "change.\n\nExample: edgeseg model rollback"
        );
        var places = ModelSlotVerbs.Places(command);
        command.SetAction(
            (parsed, cancel) =>
            {
                var store = ModelSlotVerbs.OpenToWrite(parsed, places);
                if (store.Active is null && StateFile.Open(store.Root).State is { Former: null, Phase: not UpdatePhase.Trial })
                    throw new OperatingException("the shipped model serves, and no other model served before: there is none to go back to");
                return AskAsync(store, UpdateHold.RollbackWord, cancel);
            }
        );
        return command;
    }

    private static Command Retry()
    {
        var command = new Command(
            "retry",
            "Tries a refused or waiting update again at once: forgets which manifests failed here "
                + "and ends the wait between attempts.\n\nExample: edgeseg model retry"
        );
        var places = ModelSlotVerbs.Places(command);
        command.SetAction((parsed, cancel) => AskAsync(ModelSlotVerbs.OpenToWrite(parsed, places), UpdateHold.RetryWord, cancel));
        return command;
    }

    private static Command Hold()
    {
        var off = new Option<bool>("--off") { Description = "Let updates go on." };
        var command = new Command(
            "hold",
            "Keeps updates from being fetched or swapped on this device until --off.\n\nExample: edgeseg model hold"
        )
        {
            off,
        };
        var places = ModelSlotVerbs.Places(command);
        command.SetAction(parsed =>
        {
            var path = Path.Combine(ModelSlotVerbs.OpenToWrite(parsed, places).Root, UpdateHold.HoldName);
            return Writing(
                path,
                () =>
                {
                    if (parsed.GetValue(off))
                        File.Delete(path);
                    else
                    {
                        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                        File.WriteAllText(path, "");
                    }

                    Console.WriteLine(parsed.GetValue(off) ? "updates go on" : "updates are held");
                    return ExitCode.Ok;
                }
            );
        });
        return command;
    }

    private static async Task<int> AskAsync(SlotStore store, string word, CancellationToken cancel)
    {
        var request = Path.Combine(store.Root, UpdateHold.RequestName);
        Writing(
            request,
            () =>
            {
                Directory.CreateDirectory(store.Root);
                AtomicFile.WriteFile(request, System.Text.Encoding.ASCII.GetBytes(word), "request");
                return 0;
            }
        );
        // a service that runs takes it within a look or two
        for (var waited = 0; waited < CliLimits.RequestWaitMs && File.Exists(request); waited += UpdateLimits.UpdateLookMs / 10)
            await Task.Delay(UpdateLimits.UpdateLookMs / 10, cancel);
        if (File.Exists(request))
        {
            // the service holds the lock while it runs, however long its step takes
            using var down = ModelUpdates.TryTake(store, out var isRunning);
            if (isRunning)
            {
                Console.WriteLine(
                    "requested: the running service does it after the update step at work; edgeseg model list then shows the result"
                );
                return ExitCode.Ok;
            }

            await RunRequestAsync(store, cancel);
        }

        if (word == UpdateHold.RetryWord)
        {
            Console.WriteLine("failed and waiting updates are tried again; when the service is down, at its next start");
            return ExitCode.Ok;
        }

        // the running service checks the bundle before it changes the link
        for (var waited = 0; waited < CliLimits.RequestWaitMs && IsAnother(store, word); waited += UpdateLimits.UpdateLookMs / 10)
            await Task.Delay(UpdateLimits.UpdateLookMs / 10, cancel);
        Console.WriteLine($"serving: {store.Active ?? UpdateHold.ShippedWord}");
        return IsAnother(store, word) ? ExitCode.Failed : ExitCode.Ok;
    }

    private static bool IsAnother(SlotStore store, string word) =>
        word != UpdateHold.RollbackWord && (store.Active ?? UpdateHold.ShippedWord) != word;

    /// <summary>The service is down: its own code does it here.</summary>
    private static async Task RunRequestAsync(SlotStore store, CancellationToken cancel)
    {
        var options = new UpdaterOptions
        {
            Device = ModelUpdates.Device("", isPinned: false),
            Keys = new KeySet(1, 1, [], []),
            Shipped = "",
        };
        var context = new UpdateContext
        {
            Options = options,
            Store = store,
            File = StateFile.Open(store.Root),
            Host = new NoModelHost(),
            Time = TimeProvider.System,
            Reporter = new UpdateReporter(_ => { }, Console.Error.WriteLine),
        };
        if (context.File.Problem is { } problem)
            throw new OperatingException(problem);
        using var download = new Download(new DownloadOptions { Schemes = [] }, context.Time);
        try
        {
            await new Updater(context, download, new Canary(new CanaryOptions()), new ManifestInbox()).RunRequestAsync(cancel);
        }
        catch (UpdateException e)
        {
            throw new OperatingException($"{e.Message} ({e.Reason})");
        }
    }

    private static int Writing(string path, Func<int> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var remedy =
                e is UnauthorizedAccessException
                    ? "run it as the user that owns the folder, for example with sudo -u edgeseg"
                    : "free space on the disk, or check it";
            throw new OperatingException($"{path} cannot be written ({e.Message}): {remedy}");
        }
    }
}
