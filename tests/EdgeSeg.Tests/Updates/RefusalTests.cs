using EdgeSeg.Messages;
using EdgeSeg.Release;
using EdgeSeg.Telemetry;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>Each new manifest is checked when it is received, whatever an older update does, and its refusal is reported.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly UpdateRig rig = new() { Keys = ReleaseSamples.Trust(2, ReleaseSamples.Alice, ReleaseSamples.Bob) };

    public RefusalTests() => rig.Boot();

    public void Dispose() => rig.Dispose();

    private static Manifest Waiting =>
        UpdateRig.Install(8, 12) with
        {
            Rollout = new Rollout { Percent = 0, Salt = "a" },
        };

    private static Manifest Next => UpdateRig.Install(9, 13);

    [Fact]
    public async Task Too_few_signatures_while_another_update_waits_for_its_share()
    {
        rig.Offer(Waiting, ReleaseSamples.Alice, ReleaseSamples.Bob);
        await rig.RunOnceAsync(2);
        Assert.Equal((UpdateReport.Waiting, UpdateReason.NotInRollout, 12L), (rig.Last.State, rig.Last.Reason, rig.Last.Serial));
        rig.Offer(Next, ReleaseSamples.Alice);
        await rig.RunOnceAsync(3);
        Assert.Equal((UpdateReport.Refused, UpdateReason.Threshold), (rig.Last.State, rig.Last.Reason));
        Assert.Contains("serial 12 still waits (not_in_rollout)", rig.Last.Text, StringComparison.Ordinal);
        Assert.Single(rig.Log, l => l.Contains("refused (threshold)", StringComparison.Ordinal));
        // it stays while the other waits, and goes when it is signed by enough
        await rig.RunOnceAsync(5);
        Assert.Equal(UpdateReport.Refused, rig.Last.State);
        rig.Offer(Next, ReleaseSamples.Alice, ReleaseSamples.Bob);
        await rig.RunOnceAsync();
        Assert.Equal((UpdatePhase.Trial, 13L), (rig.State.Phase, rig.Last.Serial));
    }

    [Fact]
    public async Task Each_of_several_refused_manifests_is_reported_with_its_serial()
    {
        foreach (var serial in (int[])[8, 9, 10])
        {
            // edgeseg 9 does not exist
            var manifest = UpdateRig.Install(13, serial);
            rig.Offer(
                manifest with
                {
                    Bundle = manifest.Bundle! with { Compatible = new Compatible { MinEdgeseg = "9.0.0" } },
                },
                ReleaseSamples.Alice,
                ReleaseSamples.Bob
            );
            await rig.RunOnceAsync(3);
            Assert.Equal((UpdateReport.Refused, (long?)serial), (rig.Last.State, rig.Last.Serial));
            Assert.Equal(serial - 7, rig.Log.Count(l => l.Contains("model update refused", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task A_refusal_of_the_fleet_s_manifest_is_reported_beside_an_older_one_of_the_device()
    {
        rig.Offer(Waiting, ReleaseSamples.Alice, ReleaseSamples.Bob);
        await rig.RunOnceAsync(3);
        var waiting = UpdateRig.Install(9, 20) with
        {
            Rollout = new Rollout { Percent = 0, Salt = "a" },
        };
        rig.Offer(ReleaseSamples.Seal(waiting, [ReleaseSamples.Alice, ReleaseSamples.Bob]).Write(), isFleet: true);
        await rig.RunOnceAsync(3);
        rig.Offer(ReleaseSamples.Seal(waiting with { Serial = 21 }, [ReleaseSamples.Alice]).Write(), isFleet: true);
        await rig.RunOnceAsync(3);
        Assert.Equal((UpdateReport.Refused, UpdateReason.Threshold), (rig.Last.State, rig.Last.Reason));
    }

    [Fact]
    public async Task A_refusal_beside_an_update_that_cannot_be_fetched()
    {
        rig.OnFetch = _ => throw new UpdateException(UpdateReason.Unreachable, "no answer", retry: true);
        rig.Offer(UpdateRig.Install(8, 12), ReleaseSamples.Alice, ReleaseSamples.Bob);
        await rig.RunOnceAsync();
        rig.Offer(Next, ReleaseSamples.Mallory);
        await rig.RunOnceAsync();
        Assert.Equal((UpdateReport.Refused, UpdateReason.UnknownSigner), (rig.Last.State, rig.Last.Reason));
        Assert.Contains("unreachable", rig.Last.Text, StringComparison.Ordinal);
        rig.OnFetch = _ => { };
        rig.Time.Advance(TimeSpan.FromHours(1));
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
    }

    [Fact]
    public async Task A_refusal_during_a_trial_is_reported_at_once_and_again_after_it()
    {
        rig.Offer(UpdateRig.Install(8, 12), ReleaseSamples.Alice, ReleaseSamples.Bob);
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
        rig.Offer(Next, ReleaseSamples.Alice);
        await rig.RunOnceAsync();
        Assert.Equal((UpdateReport.Refused, UpdateReason.Threshold), (rig.Last.State, rig.Last.Reason));
        rig.Live = new LiveStats(50, 1, 0.9, 0.2);
        await rig.RunOnceAsync(3);
        Assert.Equal((UpdatePhase.Idle, UpdateReport.Refused, 8), (rig.State.Phase, rig.Last.State, rig.Last.Version));
        Assert.Contains(rig.Reports, r => r is { State: UpdateReport.Trial, Version: 8 });
    }

    [Fact]
    public async Task A_refused_manifest_that_is_withdrawn_leaves_no_trace()
    {
        rig.Offer(UpdateRig.Install(8, 12), ReleaseSamples.Alice, ReleaseSamples.Bob);
        await rig.RunOnceAsync();
        rig.Live = new LiveStats(50, 1, 0.9, 0.2);
        await rig.RunOnceAsync(2);
        rig.Offer(Next, ReleaseSamples.Alice);
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReport.Refused, rig.Last.State);
        rig.Offer([]);
        await rig.RunOnceAsync();
        Assert.Equal((UpdateReport.Active, null), (rig.Last.State, rig.Last.Reason));
    }

    [Fact]
    public async Task A_rollback_is_remembered_for_its_own_manifest_not_for_one_that_came_later()
    {
        rig.Offer(UpdateRig.Install(8, 12), ReleaseSamples.Alice, ReleaseSamples.Bob);
        rig.Live = new LiveStats(300, 0.9, 0.8, 0.2);
        await rig.RunOnceAsync();
        rig.Offer(Next, ReleaseSamples.Alice, ReleaseSamples.Bob);
        rig.Live = new LiveStats(1, 0, 0, 0);
        await rig.RunOnceAsync();
        Assert.Equal((UpdatePhase.Trial, 13L), (rig.State.Phase, rig.State.Serial));
        // the model of serial 12 does worse than the shipped one
        rig.Live = new LiveStats(30, 0, 0, 0);
        await rig.RunOnceAsync();
        Assert.Contains(rig.Reports, r => r is { State: UpdateReport.RolledBack, Version: 8, Serial: 12 });
        await rig.RunOnceAsync(2);
        Assert.Equal((UpdatePhase.Trial, 9), (rig.State.Phase, rig.Last.Version));
    }
}
