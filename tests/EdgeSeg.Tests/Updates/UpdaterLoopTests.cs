using EdgeSeg.Mqtt;
using EdgeSeg.Release;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>The updater's own loop, on a clock that the test moves.</summary>
public sealed class UpdaterLoopTests : IDisposable
{
    private readonly UpdateRig rig = new();

    public void Dispose() => rig.Dispose();

    private static Manifest Set(int number) => ReleaseSamples.Rotation(number, 1, ReleaseSamples.Alice) with { Serial = 10 * number };

    [Fact]
    public async Task A_key_chain_that_comes_one_by_one_in_any_order_is_judged_when_all_are_there()
    {
        rig.Boot();
        using var cancel = new CancellationTokenSource();
        rig.OfferKeySet(Set(4), ReleaseSamples.Alice);
        var running = rig.Updater.RunAsync(cancel.Token);
        foreach (var number in new[] { 3, 2 })
        {
            rig.Time.Advance(TimeSpan.FromMilliseconds(UpdateLimits.SettleMs - 1));
            rig.OfferKeySet(Set(number), ReleaseSamples.Alice);
        }

        await Wait.UntilAsync(
            () =>
            {
                rig.Time.Advance(TimeSpan.FromMilliseconds(UpdateLimits.SettleMs));
                return rig.State.Keys?.Number == 4;
            },
            "key set 4 is taken"
        );
        await cancel.CancelAsync();
        await running;
        Assert.DoesNotContain(rig.Reports, r => r.Reason is not null);
        Assert.Equal(["key set 4 is in force: 1 keys, 1 must sign"], rig.Log);
    }

    [Fact]
    public async Task Messages_without_an_end_do_not_hold_up_the_judgement()
    {
        rig.Boot();
        using var cancel = new CancellationTokenSource();
        rig.OfferKeySet(Set(2), ReleaseSamples.Alice);
        var running = rig.Updater.RunAsync(cancel.Token);
        var messages = 0;
        await Wait.UntilAsync(
            () =>
            {
                rig.OfferRaw(9, BitConverter.GetBytes(++messages));
                rig.Time.Advance(TimeSpan.FromMilliseconds(UpdateLimits.SettleMs));
                return rig.State.Keys?.Number == 2;
            },
            "key set 2 is taken"
        );
        await cancel.CancelAsync();
        await running;
    }
}
