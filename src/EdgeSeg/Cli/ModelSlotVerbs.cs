using System.CommandLine;
using System.Globalization;
using EdgeSeg.Health;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Service;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>
/// On the device: <c>edgeseg model list</c> shows the installed bundles, <c>edgeseg model gc</c> removes those that are not needed.
/// </summary>
internal static class ModelSlotVerbs
{
    public static IEnumerable<Command> Create() => [List(), Collect()];

    /// <summary>The options that name the store of a device.</summary>
    public static (Option<string?> Config, Option<string?> Folder) Places(Command command)
    {
        var config = RunVerb.ConfigOption();
        var folder = new Option<string?>("--state-dir")
        {
            HelpName = "DIR",
            Description = "Folder for what must survive a restart. Default: state_dir of the settings.",
        };
        command.Options.Add(config);
        command.Options.Add(folder);
        return (config, folder);
    }

    /// <summary>The store of a device, to be read.</summary>
    /// <exception cref="OperatingException">It may not be read.</exception>
    public static SlotStore Open(ParseResult parsed, (Option<string?> Config, Option<string?> Folder) places)
    {
        // a new device has no state folder yet; one that was named by hand is a mistake
        return Open(parsed.GetValue(places.Folder) is null ? StateDir(parsed, places) : ExistingStateDir(parsed, places));
    }

    private static SlotStore Open(string stateDir)
    {
        var store = new SlotStore(ModelUpdates.FolderOf(stateDir));
        if (FolderOwner.Exists(store.Root))
            _ = FolderOwner.Exists(Path.Combine(store.Root, "slots"));
        return store;
    }

    /// <summary>The store of a device, to be written by this process, which becomes one of the owner of state_dir.</summary>
    /// <exception cref="OperatingException">There is no such folder, or it may not be read or written.</exception>
    public static SlotStore OpenToWrite(ParseResult parsed, (Option<string?> Config, Option<string?> Folder) places)
    {
        var stateDir = ExistingStateDir(parsed, places);
        FolderOwner.Become(stateDir);
        if (SystemChecks.StateFault(stateDir) is var (finding, remedy))
            throw new OperatingException($"{finding}: {remedy}");
        // the settings are not read again: they may be readable by root only
        return Open(stateDir);
    }

    /// <exception cref="OperatingException">There is no such folder, or it may not be read.</exception>
    public static string ExistingStateDir(ParseResult parsed, (Option<string?> Config, Option<string?> Folder) places)
    {
        var stateDir = StateDir(parsed, places);
        return FolderOwner.Exists(stateDir)
            ? stateDir
            : throw new OperatingException(
                $"{stateDir} does not exist: name the state_dir of the service with --state-dir or --config",
                ExitCode.Usage
            );
    }

    private static string StateDir(ParseResult parsed, (Option<string?> Config, Option<string?> Folder) places) =>
        parsed.GetValue(places.Folder) ?? RunVerb.Load(parsed, places.Config).StateDir;

    private static Command List()
    {
        var command = new Command(
            "list",
            "Shows the bundles that updates brought to this device, which one serves, and whether "
                + "they are intact. Exit code 1 when one is not.\n\nExample: edgeseg model list "
                + "--state-dir /var/lib/edgeseg"
        );
        var places = Places(command);
        command.SetAction(parsed =>
        {
            var store = Open(parsed, places);
            var file = StateFile.Open(store.Root);
            var allIntact = true;
            Console.WriteLine("{0,-60} {1,8} {2,8}  {3,-7} IS", "SLOT", "VERSION", "MB", "INTACT");
            foreach (var slot in store.Slots)
            {
                var isIntact = store.IsIntact(slot, out var problem);
                allIntact &= isIntact;
                Console.WriteLine(
                    string.Format(
                            CultureInfo.InvariantCulture,
                            "{0,-60} {1,8} {2,8:0.0}  {3,-7} {4}",
                            slot,
                            SlotStore.Parts(slot).Version,
                            SlotStore.Size(store.Folder(slot)) / 1e6,
                            (isIntact ? "yes" : "no"),
                            Marks(store, file.State, slot)
                        )
                        .TrimEnd()
                );
                if (!isIntact)
                    Verbs.Fail($"{slot}: {problem}");
            }

            Console.WriteLine(
                string.Format("{0,-60} {1,8} {2,8}  {3,-7} {4}", "shipped", Shipped(), "", "", (store.Active is null ? "active" : ""))
                    .TrimEnd()
            );
            if (store.Active is { } active && !store.Has(active))
                Verbs.Fail($"{active} is to serve and is not there: the shipped bundle serves");
            if (file.Problem is { } problemOfState)
                Verbs.Fail(problemOfState);
            return allIntact ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static Command Collect()
    {
        var command = new Command(
            "gc",
            "Removes the bundles that neither serve, nor may have to again, nor are on their way.\n\n"
                + "Example: edgeseg model gc --state-dir /var/lib/edgeseg"
        );
        var places = Places(command);
        command.SetAction(parsed =>
        {
            var store = OpenToWrite(parsed, places);
            var file = StateFile.Open(store.Root);
            // without the state it is unknown what is needed
            if (file.Problem is { } problem)
                throw new OperatingException(problem);
            var keep = store.Needed(file.State);
            try
            {
                var freed = store.Collect(keep);
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{freed} bytes freed ({freed / 1e6:0.0} MB), {keep.Count} bundles kept beside the shipped one"
                    )
                );
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new OperatingException($"{store.Root} cannot be cleared ({e.Message}): run it as the user that owns the folder");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static string Marks(SlotStore store, UpdateState state, string slot)
    {
        var marks = new List<string>();
        if (store.Active == slot)
            marks.Add(state.Phase == UpdatePhase.Trial && state.Slot == slot ? "active, on trial" : "active");
        else if (state.Slot == slot)
            marks.Add(state.Phase == UpdatePhase.RollingBack ? "being taken back" : "on its way");
        if (state.Former == slot)
            marks.Add("former");
        return string.Join(", ", marks);
    }

    private static string Shipped()
    {
        try
        {
            return ModelBundle.Open(LoadedModel.DefaultFolder()).Manifest.Version.ToString(CultureInfo.InvariantCulture);
        }
        catch (OperatingException)
        {
            return "missing";
        }
    }
}
