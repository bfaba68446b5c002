using EdgeSeg.Messages;
using EdgeSeg.Release;
using EdgeSeg.Telemetry;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>The way of an update, and what is refused on it.</summary>
public sealed class UpdaterTests : IDisposable
{
    private readonly UpdateRig rig = new();

    public UpdaterTests() => rig.Boot();

    public void Dispose() => rig.Dispose();

    [Fact]
    public async Task A_signed_bundle_is_installed_and_passes_its_trial()
    {
        rig.Live = new LiveStats(300, 0.9, 0.8, 0.2);
        var slot = SlotStore.NameOf(UpdateRig.Install(8, 10).Bundle!);
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        Assert.Equal(slot, rig.Serving[^1]);
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
        rig.Live = new LiveStats(29, 0.9, 0.8, 0.2);
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
        rig.Live = new LiveStats(30, 0.85, 0.75, 0.22);
        await rig.RunOnceAsync();
        Assert.Equal((UpdatePhase.Idle, 8), (rig.State.Phase, rig.State.Floors["squeezesam"]));
        Assert.Equal(
            ["downloading", "verifying", "canary", "trial", "active"],
            rig.Reports.Select(r => r.State).Where((s, i) => i == 0 || s != rig.Reports[i - 1].State)
        );
        Assert.Contains(rig.Reports, r => r is { State: "downloading", Bytes: > 0, BytesTotal: > 0 });
        Assert.Equal((8, 10L, null), (rig.Last.Version, rig.Last.Serial, rig.Last.Reason));
        // again: nothing to do
        await rig.RunOnceAsync(3);
        Assert.Equal((1, 1), (rig.Fetches, rig.Canaries));
    }

    [Theory]
    [InlineData("nobody", UpdateReason.Unsigned)]
    [InlineData("mallory", UpdateReason.UnknownSigner)]
    [InlineData("tampered", UpdateReason.BadSignature)]
    [InlineData("noise", UpdateReason.BadEnvelope)]
    public async Task Without_a_good_signature_nothing_is_fetched(string how, string reason)
    {
        var manifest = UpdateRig.Install(8, 10);
        var envelope = ReleaseSamples.Seal(
            manifest,
            how == "mallory" ? [ReleaseSamples.Mallory]
                : how == "nobody" ? []
                : [ReleaseSamples.Alice]
        );
        if (how == "tampered")
            envelope = envelope with { Manifest = (manifest with { Serial = 11 }).Write() };
        rig.Offer(how == "noise" ? [1, 2, 3] : envelope.Write());
        await rig.RunOnceAsync(2);
        Assert.Equal((UpdateReport.Refused, reason), (rig.Last.State, rig.Last.Reason));
        Assert.Equal((0, 0L), (rig.Fetches, rig.State.Serial));
    }

    [Fact]
    public async Task A_threshold_of_keys_must_sign()
    {
        rig.Keys = ReleaseSamples.Trust(2, ReleaseSamples.Alice, ReleaseSamples.Bob);
        rig.Boot();
        rig.Offer(UpdateRig.Install(8, 10), ReleaseSamples.Alice);
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.Threshold, rig.Last.Reason);
        rig.Offer(UpdateRig.Install(8, 10), ReleaseSamples.Alice, ReleaseSamples.Bob);
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
    }

    [Fact]
    public async Task Replays_and_downgrades_are_refused_and_the_floor_survives_a_restart()
    {
        await rig.InstallAsync(UpdateRig.Install(8, 10));
        rig.Boot();
        rig.Offer(UpdateRig.Install(7, 9));
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.Replayed, rig.Last.Reason);
        rig.Offer(UpdateRig.Install(7, 11));
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.Downgrade, rig.Last.Reason);
        // the serial of another manifest
        rig.Offer(UpdateRig.Install(9, 11));
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.Replayed, rig.Last.Reason);
    }

    [Fact]
    public async Task A_manifest_runs_out_also_while_it_is_fetched_and_a_clock_that_was_reset_does_not_help()
    {
        rig.Offer(UpdateRig.Install(8, 10) with { Expires = ReleaseSamples.Now.AddMinutes(1) });
        rig.OnFetch = _ => rig.Time.Advance(TimeSpan.FromMinutes(2));
        await rig.RunOnceAsync();
        Assert.Equal((UpdateReport.Refused, UpdateReason.Expired), (rig.Last.State, rig.Last.Reason));
        Assert.Equal([UpdateRig.Shipped], rig.Serving);

        // a good one raises the newest time seen; then the clock falls back to 1970, and an old manifest is still old
        rig.OnFetch = _ => { };
        await rig.InstallAsync(
            UpdateRig.Install(8, 11) with
            {
                Issued = ReleaseSamples.Now.AddDays(10),
                Expires = ReleaseSamples.Now.AddDays(40),
            }
        );
        rig.ClockSynced = false;
        rig.Offer(UpdateRig.Install(9, 12) with { Expires = ReleaseSamples.Now.AddDays(9) });
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.Expired, rig.Last.Reason);
    }

    [Fact]
    public async Task A_jump_to_the_greatest_numbers_is_undone_by_the_next_key_set()
    {
        await rig.InstallAsync(UpdateRig.Install(int.MaxValue, UpdateLimits.MaxSerial));
        rig.Offer(UpdateRig.Install(9, 20));
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.Replayed, rig.Last.Reason);
        // not the set after the next, and not one signed by an unknown key
        rig.Offer(ReleaseSamples.Rotation(3, 1, ReleaseSamples.Bob), ReleaseSamples.Alice, ReleaseSamples.Bob);
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.KeySetNotNext, rig.Last.Reason);
        rig.Offer(ReleaseSamples.Rotation(ReleaseSamples.Bob), ReleaseSamples.Mallory);
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.UnknownSigner, rig.Last.Reason);
        rig.Offer(ReleaseSamples.Rotation(ReleaseSamples.Bob), ReleaseSamples.Alice, ReleaseSamples.Bob);
        await rig.RunOnceAsync();
        Assert.Equal(2, rig.State.Keys!.Number);
        rig.Boot();
        // the retained rotation comes again and is known
        rig.Offer(ReleaseSamples.Rotation(ReleaseSamples.Bob), ReleaseSamples.Alice, ReleaseSamples.Bob);
        await rig.RunOnceAsync();
        Assert.NotEqual(UpdateReport.Refused, rig.Last.State);
        rig.Offer(UpdateRig.Install(9, 20), ReleaseSamples.Alice);
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.UnknownSigner, rig.Last.Reason);
        rig.Offer(UpdateRig.Install(9, 20), ReleaseSamples.Bob);
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
    }

    [Theory]
    [InlineData("machine")]
    [InlineData("board")]
    [InlineData("edgeseg")]
    [InlineData("runtime")]
    [InlineData("pinned")]
    public async Task An_incompatible_device_names_the_reason(string what)
    {
        rig.Device = what switch
        {
            "machine" => rig.Device with { Machine = "linux-x64" },
            "board" => rig.Device with { Board = "NVIDIA Jetson" },
            "edgeseg" => rig.Device with { Edgeseg = new Version(0, 0, 9) },
            "runtime" => rig.Device with { Runtime = new Version(1, 19, 9) },
            _ => rig.Device with { IsPinned = true },
        };
        rig.Boot();
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        Assert.Equal(
            (UpdateReport.Refused, what == "pinned" ? UpdateReason.Pinned : UpdateReason.Incompatible, 0),
            (rig.Last.State, rig.Last.Reason, rig.Fetches)
        );
    }

    [Fact]
    public async Task A_wrong_payload_is_never_used_and_is_downloaded_again()
    {
        rig.Serve("something else");
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        Assert.Equal((UpdateReport.Waiting, UpdateReason.WrongHash), (rig.Last.State, rig.Last.Reason));
        await rig.RunOnceAsync();
        Assert.Equal(1, rig.Fetches);
        rig.Serve("weights");
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        await rig.RunOnceAsync();
        Assert.Equal((2, UpdatePhase.Trial), (rig.Fetches, rig.State.Phase));
    }

    [Theory]
    [InlineData(UpdateReason.CanaryCrashed)]
    [InlineData(UpdateReason.CanaryMasks)]
    public async Task A_canary_failure_is_remembered_until_a_later_serial(string reason)
    {
        rig.OnCanary = () => throw new UpdateException(reason, "bad");
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync(3);
        Assert.Equal((1, UpdateReport.Refused, reason), (rig.Canaries, rig.Last.State, rig.Last.Reason));
        rig.Boot();
        rig.Time.Advance(TimeSpan.FromDays(1));
        await rig.RunOnceAsync(3);
        Assert.Equal((1, reason), (rig.Canaries, rig.Last.Reason));
        Assert.Empty(rig.Store.Slots);
        // signed again under a later serial, it is another try
        rig.OnCanary = () => { };
        rig.Offer(UpdateRig.Install(8, 11));
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
    }

    [Fact]
    public async Task A_missing_server_is_retried_with_growing_waits_and_without_end()
    {
        rig.OnFetch = _ => throw new UpdateException(UpdateReason.Unreachable, "no answer", retry: true);
        rig.Offer(UpdateRig.Install(8, 10));
        for (var minute = 0; minute < 600; minute++)
        {
            await rig.RunOnceAsync();
            rig.Time.Advance(TimeSpan.FromMinutes(1));
        }

        // doubled waits up to an hour: a handful in ten hours, not hundreds
        Assert.InRange(rig.Fetches, 12, 40);
        rig.OnFetch = _ => { };
        rig.Time.Advance(TimeSpan.FromHours(2));
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
    }

    [Fact]
    public async Task A_Retry_After_is_respected_within_a_bound()
    {
        rig.OnFetch = _ => throw new UpdateException(UpdateReason.Unreachable, "429", retry: true) { RetryAfter = TimeSpan.FromHours(3) };
        rig.Offer(UpdateRig.Install(8, 10));
        await rig.RunOnceAsync();
        rig.Time.Advance(TimeSpan.FromHours(2.9));
        await rig.RunOnceAsync();
        Assert.Equal(1, rig.Fetches);
        rig.Time.Advance(TimeSpan.FromHours(0.2));
        await rig.RunOnceAsync();
        Assert.Equal(2, rig.Fetches);
    }
}
