using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Release;
using EdgeSeg.Telemetry;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>What makes an update wait, what is taken back, and what an operator may do.</summary>
public sealed class UpdaterTrialTests : IDisposable
{
    private readonly UpdateRig rig = new();

    public UpdaterTrialTests() => rig.Boot();

    public void Dispose() => rig.Dispose();

    [Fact]
    public async Task Holds_windows_times_and_shares_make_it_wait()
    {
        rig.Window = new MaintenanceWindow(new TimeOnly(2, 0), new TimeOnly(4, 0));
        rig.Boot();
        System.IO.Directory.CreateDirectory(rig.Folder);
        var hold = Path.Combine(rig.Folder, UpdateHold.HoldName);
        System.IO.File.WriteAllText(hold, "");
        rig.Offer(
            UpdateRig.Install(8, 10) with
            {
                NotBefore = ReleaseSamples.Now.AddHours(1),
                Rollout = new Rollout { Percent = 0, Salt = "a" },
            }
        );
        await Expect(UpdateReason.NotInRollout);
        rig.Offer(
            UpdateRig.Install(8, 11) with
            {
                NotBefore = ReleaseSamples.Now.AddHours(1),
                Rollout = new Rollout { Percent = 100, Salt = "a" },
            }
        );
        await Expect(UpdateReason.NotBefore);
        rig.Time.Advance(TimeSpan.FromHours(1));
        await Expect(UpdateReason.Held);
        System.IO.File.Delete(hold);
        rig.Updater.HeldRemotely = true;
        await Expect(UpdateReason.Held);
        Assert.Equal(0, rig.Fetches);
        rig.Updater.HeldRemotely = false;
        await Expect(UpdateReason.Window);
        Assert.Equal((1, 1), (rig.Fetches, rig.Canaries));
        rig.Time.Advance(TimeSpan.FromHours(14));
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);

        async Task Expect(string reason)
        {
            await rig.RunOnceAsync();
            Assert.Equal((UpdateReport.Waiting, reason), (rig.Last.State, rig.Last.Reason));
        }
    }

    [Fact]
    public async Task A_pause_stops_it_and_a_later_manifest_goes_on()
    {
        rig.OnFetch = _ => throw new UpdateException(UpdateReason.Stalled, "slow", retry: true);
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        rig.Offer(ReleaseSamples.Plain(ManifestRules.Pause) with { Serial = 11 });
        rig.Time.Advance(TimeSpan.FromDays(1));
        await rig.RunOnceAsync(2);
        Assert.Equal((UpdateReason.Paused, 1), (rig.Last.Reason, rig.Fetches));
        rig.OnFetch = _ => { };
        rig.Offer(UpdateRig.Install(8, 12));
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
    }

    [Fact]
    public async Task An_abort_rolls_back_a_trial_and_keeps_a_good_model()
    {
        var good = await rig.InstallAsync(UpdateRig.Install(8, 10));
        rig.Offer(UpdateRig.Install(9, 11));
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
        rig.Offer(ReleaseSamples.Plain(ManifestRules.Abort) with { Serial = 12 });
        await rig.RunOnceAsync();
        Assert.Equal((good, good, UpdateReason.Aborted), (rig.Store.Active, rig.Serving[^1], rig.Last.Reason));
        rig.Offer(ReleaseSamples.Plain(ManifestRules.Abort) with { Serial = 13 });
        await rig.RunOnceAsync();
        Assert.Equal(good, rig.Store.Active);
    }

    [Theory]
    [InlineData(0.0, 0.8, 0.2)]
    [InlineData(0.9, 0.3, 0.2)]
    [InlineData(0.9, 0.8, 0.9)]
    [InlineData(0.9, 0.8, 0.01)]
    public async Task A_model_with_worse_live_results_is_rolled_back(double found, double iou, double area)
    {
        var good = await rig.InstallAsync(UpdateRig.Install(8, 10));
        rig.Live = new LiveStats(300, 0.9, 0.8, 0.2);
        rig.Offer(UpdateRig.Install(9, 11));
        await rig.RunOnceAsync();
        rig.Live = new LiveStats(30, found, iou, area);
        await rig.RunOnceAsync();
        Assert.Equal((UpdateReport.RolledBack, UpdateReason.LiveQuality, 9), (rig.Last.State, rig.Last.Reason, rig.Last.Version));
        Assert.Equal((good, good), (rig.Store.Active, rig.Serving[^1]));
        await rig.RunOnceAsync(3);
        Assert.Equal(good, rig.Store.Active);
        rig.Boot();
        await rig.RunOnceAsync(2);
        Assert.Equal((good, UpdateReason.LiveQuality), (rig.Store.Active, rig.Last.Reason));
    }

    [Fact]
    public async Task Without_live_results_the_canarys_result_suffices_after_the_signed_wait()
    {
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync(2);
        rig.Time.Advance(TimeSpan.FromSeconds(3599));
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
        rig.Time.Advance(TimeSpan.FromSeconds(2));
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReport.Active, rig.Last.State);
    }

    [Fact]
    public async Task A_model_that_does_not_load_in_the_service_is_rolled_back()
    {
        rig.Loads = slot => slot == UpdateRig.Shipped;
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        Assert.Equal((UpdateReport.RolledBack, UpdateReason.DoesNotLoad, null), (rig.Last.State, rig.Last.Reason, rig.Store.Active));
        Assert.Equal(UpdateRig.Shipped, rig.Serving[^1]);
    }

    [Fact]
    public async Task A_swap_waits_for_a_command_within_a_bound()
    {
        rig.IsBusy = true;
        rig.Offer(UpdateRig.Install(8, 10));
        var turn = rig.RunOnceAsync();
        await Wait.UntilAsync(() => rig.Reports.Any(r => r.Reason == UpdateReason.Busy), "it waits");
        Assert.Null(rig.Store.Active);
        while (!turn.IsCompleted)
        {
            rig.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1);
        }

        await turn;
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
    }

    [Fact]
    public async Task The_newest_verified_manifest_counts_from_either_topic()
    {
        rig.Offer(ReleaseSamples.Seal(UpdateRig.Install(9, 12), ReleaseSamples.Alice).Write(), isFleet: true);
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        Assert.Equal(9, SlotStore.Parts(rig.Store.Active!).Version);
        Assert.Equal(1, rig.Fetches);
    }

    [Fact]
    public async Task An_operator_can_roll_back_and_choose_any_installed_model()
    {
        var first = await rig.InstallAsync(UpdateRig.Install(8, 10));
        var second = await rig.InstallAsync(UpdateRig.Install(9, 11));
        Assert.Equal(second, rig.Store.Active);
        await Ask(UpdateHold.RollbackWord);
        Assert.Equal((first, first), (rig.Store.Active, rig.Serving[^1]));
        // what the signers asked for before does not undo it
        rig.Time.Advance(TimeSpan.FromDays(1));
        await rig.RunOnceAsync(3);
        Assert.Equal(first, rig.Store.Active);
        await Ask(UpdateHold.ShippedWord);
        Assert.Null(rig.Store.Active);
        await Ask("../../etc");
        Assert.Null(rig.Store.Active);

        Task Ask(string word)
        {
            System.IO.File.WriteAllText(Path.Combine(rig.Folder, UpdateHold.RequestName), word);
            return rig.RunOnceAsync();
        }
    }
}
