using EdgeSeg.Messages;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>Starts of the service after crashes, torn files, damaged slots, packages that were put back.</summary>
public sealed class ModelBootTests : IDisposable
{
    private readonly UpdateRig rig = new();

    public ModelBootTests() => rig.Boot();

    public void Dispose() => rig.Dispose();

    [Fact]
    public async Task Two_crashes_on_trial_and_the_former_model_serves()
    {
        var good = await rig.InstallAsync(UpdateRig.Install(8, 10));
        rig.Offer(UpdateRig.Install(9, 11));
        await rig.RunOnceAsync();
        var tried = SlotStore.NameOf(UpdateRig.Install(9, 11).Bundle!);
        Assert.Equal(tried, rig.Boot());
        Assert.Equal(good, rig.Boot());
        await rig.RunOnceAsync(2);
        Assert.Equal((UpdateReport.RolledBack, UpdateReason.CrashLoop), (rig.Last.State, rig.Last.Reason));
        Assert.Equal(good, rig.Boot());
    }

    [Fact]
    public async Task Proper_stops_are_no_crashes()
    {
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        var tried = rig.Store.Active;
        for (var i = 0; i < 5; i++)
        {
            rig.Stop();
            Assert.Equal(tried, rig.Boot());
        }
    }

    [Fact]
    public async Task With_both_slots_damaged_the_shipped_bundle_serves()
    {
        var first = await rig.InstallAsync(UpdateRig.Install(8, 10));
        var second = await rig.InstallAsync(UpdateRig.Install(9, 11));
        Damage(second);
        Assert.Equal(first, rig.Boot());
        Damage(first);
        Assert.Equal(UpdateRig.Shipped, rig.Boot());
        Assert.Null(rig.Store.Active);
        // and the next update mends it
        await rig.InstallAsync(UpdateRig.Install(10, 12));
        Assert.Equal(10, SlotStore.Parts(rig.Store.Active!).Version);
    }

    [Fact]
    public async Task A_file_of_full_length_with_a_zeroed_tail_is_detected_at_the_start()
    {
        var slot = await rig.InstallAsync(UpdateRig.Install(8, 10));
        var path = Path.Combine(rig.Store.Folder(slot), "segmenter.onnx");
        var bytes = File.ReadAllBytes(path);
        bytes.AsSpan(bytes.Length / 2).Clear();
        File.WriteAllBytes(path, bytes);
        Assert.Equal(UpdateRig.Shipped, rig.Boot());
    }

    [Fact]
    public async Task A_slot_with_a_file_too_much_or_a_sum_of_its_own_is_not_intact()
    {
        var slot = await rig.InstallAsync(UpdateRig.Install(8, 10));
        var extra = Path.Combine(rig.Store.Folder(slot), "extra.onnx");
        File.WriteAllText(extra, "x");
        Assert.False(rig.Store.IsIntact(slot, out _));
        File.Delete(extra);
        Assert.True(rig.Store.IsIntact(slot, out _));
        File.AppendAllText(Path.Combine(rig.Store.Folder(slot), SlotStore.SumsName), "\n");
        Assert.False(rig.Store.IsIntact(slot, out _));
    }

    [Theory]
    [InlineData("empty", "state-a.json")]
    [InlineData("empty", "state-b.json")]
    [InlineData("torn", "state-a.json")]
    [InlineData("torn", "state-b.json")]
    [InlineData("gone", "state-a.json")]
    [InlineData("gone", "state-b.json")]
    public async Task One_damaged_copy_of_the_state_leaves_the_one_before_it(string how, string copy)
    {
        var good = await rig.InstallAsync(UpdateRig.Install(8, 10));
        var path = Path.Combine(rig.Folder, copy);
        var whole = File.ReadAllBytes(path);
        if (how == "gone")
            File.Delete(path);
        else
            File.WriteAllBytes(path, how == "empty" ? [] : whole[..(whole.Length / 2)]);
        Assert.Equal(good, rig.Boot());
        Assert.Equal(StateFound.Read, rig.File.Found);
        Assert.Equal(10, rig.State.Serial);
        await rig.RunOnceAsync(3);
        Assert.Equal((good, UpdatePhase.Idle), (rig.Store.Active, rig.State.Phase));
    }

    [Fact]
    public async Task With_both_copies_damaged_the_model_serves_and_nothing_new_is_trusted()
    {
        var good = await rig.InstallAsync(UpdateRig.Install(8, 10));
        foreach (var copy in new[] { "state-a.json", "state-b.json" })
            File.WriteAllBytes(Path.Combine(rig.Folder, copy), []);
        Assert.Equal(good, rig.Boot());
        rig.Offer(UpdateRig.Install(9, 11));
        await rig.RunOnceAsync(2);
        Assert.Equal((UpdateReport.Refused, UpdateReason.StateUnreadable, good), (rig.Last.State, rig.Last.Reason, rig.Store.Active));
    }

    [Fact]
    public async Task An_older_package_leaves_a_later_state_unchanged()
    {
        var good = await rig.InstallAsync(UpdateRig.Install(8, 10));
        var later = System.Text.Encoding.ASCII.GetBytes(
            $$"""{"schema":{{UpdateState.Known + 1}},"writes":{{rig.State.Writes + 1}},"something":"new"}"""
        );
        var path = Path.Combine(rig.Folder, rig.State.Writes % 2 == 1 ? "state-a.json" : "state-b.json");
        var copy = (byte[])
            [
                .. System.Text.Encoding.ASCII.GetBytes(
                    Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(later)) + "\n"
                ),
                .. later,
            ];
        File.WriteAllBytes(path, copy);
        Assert.Equal((good, StateFound.Newer), (rig.Boot(), rig.File.Found));
        rig.Offer(UpdateRig.Install(9, 11));
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.StateNewer, rig.Last.Reason);
        Assert.Equal(copy, File.ReadAllBytes(path));
    }

    [Fact]
    public async Task A_model_that_no_longer_loads_is_replaced_by_the_one_before()
    {
        var first = await rig.InstallAsync(UpdateRig.Install(8, 10));
        var second = await rig.InstallAsync(UpdateRig.Install(9, 11));
        rig.Loads = slot => slot != second;
        Assert.Equal(first, rig.Boot());
    }

    private void Damage(string slot) => File.WriteAllText(Path.Combine(rig.Store.Folder(slot), "segmenter.onnx"), "gone");
}
