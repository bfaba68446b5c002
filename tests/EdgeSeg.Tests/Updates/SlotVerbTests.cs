using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Service;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary><c>edgeseg model list</c> and <c>gc</c> as published, on a store that the device's own code made.</summary>
public sealed class SlotVerbTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Install(SlotStore store, int version)
    {
        store.Prepare();
        var bundle = new BundleInfo { Name = "squeezesam", Version = version };
        var content = new byte[1000 * version];
        content[0] = (byte)version;
        var file = scratch.Write("payload/model.json", content);
        bundle = bundle with { Files = [EdgeSeg.Release.ReleaseFolder.Describe(file)] };
        var slot = SlotStore.NameOf(bundle);
        Directory.CreateDirectory(store.Incoming(slot));
        File.Copy(file, Path.Combine(store.Incoming(slot), "model.json"));
        store.Stage(slot, bundle);
        return slot;
    }

    private (int Code, string Output, string Errors) Run(string verb) =>
        Published.Run(Published.Binary, ["model", verb, "--state-dir", scratch.Path]);

    [Fact]
    public void Bundles_in_use_kept_for_rollback_or_being_downloaded_stay_and_the_rest_is_removed()
    {
        var store = new SlotStore(ModelUpdates.FolderOf(scratch.Path));
        string[] slots = [.. Enumerable.Range(1, 4).Select(v => Install(store, v))];
        store.Activate(slots[1]);
        Directory.CreateDirectory(store.Incoming(slots[0]));
        File.WriteAllBytes(Path.Combine(store.Incoming(slots[0]), "part"), new byte[500]);
        StateFile
            .Open(store.Root)
            .Save(
                new UpdateState
                {
                    Phase = UpdatePhase.Trial,
                    Slot = slots[1],
                    Former = slots[2],
                }
            );

        var listed = Run("list");
        Assert.True(listed.Code == 0, listed.Errors);
        string Line(string slot) => listed.Output.Split('\n').Single(l => l.StartsWith(slot, StringComparison.Ordinal));
        Assert.EndsWith("yes     active, on trial", Line(slots[1]), StringComparison.Ordinal);
        Assert.EndsWith("yes     former", Line(slots[2]), StringComparison.Ordinal);
        Assert.EndsWith("yes", Line(slots[3]), StringComparison.Ordinal);

        var sizes = new[] { slots[0], slots[3] }.Sum(s => SlotStore.Size(store.Folder(s))) + 500;
        var collected = Run("gc");
        Assert.True(collected.Code == 0, collected.Errors);
        Assert.StartsWith($"{sizes} bytes freed", collected.Output, StringComparison.Ordinal);
        Assert.Equal([slots[1], slots[2]], store.Slots);
        Assert.Empty(Directory.GetDirectories(Path.Combine(store.Root, "incoming")));
        Assert.Equal(slots[1], store.Active);
        Assert.StartsWith("0 bytes freed", Run("gc").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_command_of_root_makes_belongs_to_the_owner_of_the_state_folder()
    {
        // another user than root has no other owner to give
        if (Environment.IsPrivilegedProcess)
            Assert.Equal(0, Published.Run("chown", ["65534:65534", scratch.Path]).ExitCode);
        var owner = FolderOwner.Of(scratch.Path);
        Assert.NotNull(owner);
        foreach (var verb in (string[])["hold", "retry"])
        {
            var (code, _, errors) = Run(verb);
            Assert.True(code == 0, errors);
        }

        var made = Directory.GetFileSystemEntries(scratch.Path, "*", SearchOption.AllDirectories);
        Assert.Contains(made, m => Path.GetFileName(m) == UpdateHold.HoldName);
        Assert.All(made, m => Assert.Equal(owner, FolderOwner.Of(m)));
    }

    [Theory]
    [InlineData("hold")]
    [InlineData("retry")]
    [InlineData("gc")]
    [InlineData("list")]
    public void A_state_folder_that_does_not_exist_is_not_made(string verb)
    {
        var typo = Path.Combine(scratch.Path, "typo");
        var (code, _, errors) = Published.Run(Published.Binary, ["model", verb, "--state-dir", typo]);
        Assert.Equal(2, code);
        Assert.Contains($"{typo} does not exist", errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(typo), "it was made");
    }

    [Fact]
    public void A_store_that_cannot_be_listed_is_not_taken_for_an_empty_one()
    {
        // a link to itself leads nowhere, whatever the rights of the user
        File.CreateSymbolicLink(ModelUpdates.FolderOf(scratch.Path), ModelUpdates.FolderOf(scratch.Path));
        var (code, output, errors) = Run("list");
        Assert.Equal(1, code);
        Assert.Contains("may not be read", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("shipped", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_that_are_not_there_are_named_and_not_those_of_a_device()
    {
        var (code, _, errors) = Published.Run(Published.Binary, ["model", "verify", scratch.Path, "--keys", "/nowhere/keys"]);
        Assert.Equal(2, code);
        Assert.Contains("--keys /nowhere/keys does not exist", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rollback_to_nothing_is_refused()
    {
        var (code, _, errors) = Run("rollback");
        Assert.Equal(1, code);
        Assert.Contains("no other model", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_to_a_running_service_that_is_busy_is_left_to_it()
    {
        var store = new SlotStore(ModelUpdates.FolderOf(scratch.Path));
        var slot = Install(store, 3);
        store.Activate(slot);
        var request = Path.Combine(store.Root, UpdateHold.RequestName);
        (int Code, string Output, string Errors) Use() =>
            Published.Run(Published.Binary, ["model", "use", "shipped", "--state-dir", scratch.Path]);
        // as a service has it that is at a step which takes longer than the command waits
        using (FolderLock.TryTake(scratch.Path, out _))
        {
            var (code, output, errors) = Use();
            Assert.True(code == 0, errors);
            Assert.StartsWith("requested: ", output, StringComparison.Ordinal);
            Assert.DoesNotContain("serving", output, StringComparison.Ordinal);
            Assert.True(File.Exists(request), "the request is gone");
            Assert.Equal(slot, store.Active);
        }

        Assert.Equal("serving: shipped\n", Use().Output);
        Assert.Null(store.Active);
        Assert.False(File.Exists(request), "the request is left");
    }

    [Fact]
    public void The_settings_are_read_once_before_root_becomes_the_owner_of_the_state_folder()
    {
        var config = scratch.Write("etc/edgeseg.toml", System.Text.Encoding.UTF8.GetBytes($"state_dir = \"{scratch.Path}/state\"\n"));
        Directory.CreateDirectory(Path.Combine(scratch.Path, "state"));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(config, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (Environment.IsPrivilegedProcess)
        {
            // the owner of the state folder can enter the folder above it, as below /var/lib
            Assert.Equal(0, Published.Run("chmod", ["711", scratch.Path]).ExitCode);
            Assert.Equal(0, Published.Run("chown", ["65534:65534", $"{scratch.Path}/state"]).ExitCode);
        }

        var (code, output, errors) = Published.Run(Published.Binary, ["model", "hold", "--config", config]);
        Assert.True(code == 0, errors);
        Assert.Equal("updates are held\n", output);
    }

    [Fact]
    public void The_doctor_checks_the_bundle_that_serves()
    {
        var store = new SlotStore(ModelUpdates.FolderOf(scratch.Path));
        var slot = Install(store, 3);
        var config = scratch.Write(
            "edgeseg.toml",
            System.Text.Encoding.UTF8.GetBytes($"state_dir = \"{scratch.Path}\"\n[mqtt]\nport = 0\n")
        );
        string Model() =>
            Published
                .Run(Published.Binary, ["doctor", "--config", config])
                .Output.Split('\n')
                .Single(l => l.Contains("  model  ", StringComparison.Ordinal));
        Assert.StartsWith("ok ", Model(), StringComparison.Ordinal);
        // what is installed here is no model
        store.Activate(slot);
        Assert.StartsWith("failed ", Model(), StringComparison.Ordinal);
        Assert.Contains(slot, Model(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_slot_is_reported()
    {
        var store = new SlotStore(ModelUpdates.FolderOf(scratch.Path));
        var slot = Install(store, 3);
        var file = Path.Combine(store.Folder(slot), "model.json");
        var bytes = File.ReadAllBytes(file);
        // full length, zeroes: what a power cut leaves of a file that was not synchronised
        bytes.AsSpan().Clear();
        File.WriteAllBytes(file, bytes);
        var (code, output, errors) = Run("list");
        Assert.Equal(1, code);
        Assert.Contains("no", output.Split('\n').Single(l => l.StartsWith(slot, StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("model.json is altered", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_never_had_an_update_lists_what_is_shipped()
    {
        var (code, output, _) = Run("list");
        Assert.Equal(0, code);
        Assert.Matches("(?m)^shipped .* [0-9]+ .*active$", output);
        Assert.Equal(0, Run("gc").Code);
    }

    [Fact]
    public void With_a_damaged_state_nothing_is_removed()
    {
        var store = new SlotStore(ModelUpdates.FolderOf(scratch.Path));
        var slot = Install(store, 3);
        File.WriteAllText(Path.Combine(store.Root, "state-a.json"), "torn");
        var (code, _, errors) = Run("gc");
        Assert.Equal(1, code);
        Assert.Contains("the state of the model updates is damaged", errors, StringComparison.Ordinal);
        Assert.True(store.Has(slot));
    }
}
