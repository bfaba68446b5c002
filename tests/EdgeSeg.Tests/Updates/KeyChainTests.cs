using EdgeSeg.Messages;
using EdgeSeg.Release;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>
/// Key sets are taken as TUF takes its root role: signed by the former set and by their own keys, in order, and only the newest must not
/// have expired.
/// </summary>
public sealed class KeyChainTests : IDisposable
{
    private static readonly SigningKey a = SigningKey.Create(),
        b = SigningKey.Create(),
        c = SigningKey.Create(),
        d = SigningKey.Create();
    private readonly UpdateRig rig = new() { Keys = Provisioned(KeySet.UnknownNumber, a, b) };

    public void Dispose() => rig.Dispose();

    // set 1: a, b   set 2: b, c   set 3: c, d   set 4: d, a; two of two must sign
    private static Manifest Set(int number, DateTimeOffset? expires = null) =>
        Samples(number) with
        {
            Serial = 10 * number,
            Issued = ReleaseSamples.Now.AddDays(number - 10),
            Expires = expires ?? ReleaseSamples.Now.AddDays(30),
        };

    private static Manifest Samples(int number) => ReleaseSamples.Rotation(number, 2, KeysOf(number));

    private static SigningKey[] KeysOf(int number) =>
        number switch
        {
            1 => [a, b],
            2 => [b, c],
            3 => [c, d],
            _ => [d, a],
        };

    private static SigningKey[] SignersOf(int number) => [.. KeysOf(number - 1).Union(KeysOf(number))];

    private static KeySet Provisioned(int number, params SigningKey[] keys) => ReleaseSamples.Trust(2, keys) with { Number = number };

    private void OfferSets(params int[] numbers)
    {
        foreach (var number in numbers)
            rig.OfferKeySet(Set(number), SignersOf(number));
    }

    [Fact]
    public async Task A_fresh_device_without_a_models_folder_takes_a_key_set()
    {
        rig.Boot();
        Assert.False(Directory.Exists(rig.Folder));
        OfferSets(2);
        await rig.RunOnceAsync();
        Assert.Equal(2, rig.State.Keys?.Number);
        Assert.Null(rig.Last.Reason);
        rig.Boot();
        Assert.Equal(2, rig.State.Keys?.Number);
    }

    [Theory]
    [InlineData("in order", 2, 3, 4)]
    [InlineData("in any order", 4, 2, 3)]
    public async Task A_device_that_was_off_for_three_rotations_takes_them_all(string how, params int[] numbers)
    {
        rig.Boot();
        OfferSets(numbers);
        await rig.RunOnceAsync();
        Assert.True(rig.State.Keys?.Number == 4, $"{how}: {rig.State.Keys?.Number} {rig.Last}");
        rig.Offer(UpdateRig.Install(8, 50), d, a);
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
        // the chain comes again after a restart and is known
        rig.Live = new(50, 1, 0.9, 0.2);
        await rig.RunOnceAsync(2);
        rig.Boot();
        OfferSets(2, 3, 4);
        rig.Offer(UpdateRig.Install(8, 50), d, a);
        await rig.RunOnceAsync(2);
        Assert.Equal((UpdateReport.Active, null), (rig.Last.State, rig.Last.Reason));
    }

    [Fact]
    public async Task Only_the_newest_set_must_not_have_expired()
    {
        rig.Boot();
        var past = ReleaseSamples.Now.AddDays(-1);
        rig.OfferKeySet(Set(2, past), SignersOf(2));
        rig.OfferKeySet(Set(3, past), SignersOf(3));
        await rig.RunOnceAsync();
        // the newest that came is expired: the one before it is taken, and the reason is reported
        Assert.Equal((2, UpdateReport.Refused, UpdateReason.Expired), (rig.State.Keys?.Number, rig.Last.State, rig.Last.Reason));
        rig.OfferKeySet(Set(4), SignersOf(4));
        await rig.RunOnceAsync();
        Assert.Equal((4, null), (rig.State.Keys?.Number, rig.Last.Reason));
    }

    [Fact]
    public async Task An_expired_set_that_is_signed_again_is_taken()
    {
        rig.Boot();
        rig.OfferKeySet(Set(2, ReleaseSamples.Now.AddDays(-1)), SignersOf(2));
        await rig.RunOnceAsync();
        Assert.Equal(UpdateReason.Expired, rig.Last.Reason);
        rig.OfferKeySet(Set(2) with { Serial = 21 }, SignersOf(2));
        await rig.RunOnceAsync();
        Assert.Equal((2, 21L), (rig.State.Keys?.Number, rig.State.Serial));
        // and a device that has it already does not complain of a second signing
        rig.OfferKeySet(Set(2) with { Serial = 22 }, SignersOf(2));
        await rig.RunOnceAsync();
        Assert.Null(rig.Last.Reason);
    }

    [Fact]
    public async Task A_key_that_expired_since_it_signed_does_not_break_the_chain()
    {
        var old = new KeySet(
            KeySet.UnknownNumber,
            2,
            [ReleaseSamples.Public(a, ReleaseSamples.Now.AddDays(-5)), ReleaseSamples.Public(b)],
            []
        );
        rig.Keys = old;
        rig.Boot();
        OfferSets(2);
        await rig.RunOnceAsync();
        Assert.Equal(2, rig.State.Keys?.Number);
    }

    [Theory]
    [InlineData("not by the former", UpdateReason.Threshold)]
    [InlineData("not by its own", UpdateReason.Threshold)]
    [InlineData("by a stranger", UpdateReason.UnknownSigner)]
    public async Task Both_thresholds_must_have_signed(string how, string reason)
    {
        rig.Keys = Provisioned(1, a, b);
        rig.Boot();
        SigningKey[] signers = how switch
        {
            "not by the former" => [b, c],
            "not by its own" => [a, b],
            _ => [ReleaseSamples.Mallory],
        };
        rig.OfferKeySet(Set(2), signers);
        await rig.RunOnceAsync();
        Assert.Null(rig.State.Keys);
        Assert.Equal((UpdateReport.Refused, reason), (rig.Last.State, rig.Last.Reason));
        Assert.Contains("key set 2", rig.Last.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_set_with_a_gap_before_it_waits_for_those_between()
    {
        rig.Keys = Provisioned(1, a, b);
        rig.Boot();
        OfferSets(4);
        await rig.RunOnceAsync();
        Assert.Equal((null, UpdateReason.KeySetNotNext), (rig.State.Keys, rig.Last.Reason));
        OfferSets(3);
        await rig.RunOnceAsync();
        Assert.Equal((null, UpdateReason.KeySetNotNext), (rig.State.Keys, rig.Last.Reason));
        OfferSets(2);
        await rig.RunOnceAsync();
        Assert.Equal((4, null), (rig.State.Keys?.Number, rig.Last.Reason));
    }

    [Theory]
    [InlineData(3, KeySet.UnknownNumber, new[] { 4 })]
    [InlineData(3, KeySet.UnknownNumber, new[] { 2, 3, 4 })]
    [InlineData(3, 3, new[] { 2, 3, 4 })]
    [InlineData(4, KeySet.UnknownNumber, new[] { 2, 3, 4 })]
    [InlineData(4, 4, new[] { 2, 3, 4 })]
    public async Task A_device_that_was_given_a_later_set_starts_from_there(int given, int number, int[] chain)
    {
        rig.Keys = Provisioned(number, KeysOf(given));
        rig.Boot();
        rig.Offer(UpdateRig.Install(8, 50), d, a);
        OfferSets(chain);
        await rig.RunOnceAsync();
        Assert.True((rig.State.Keys?.Number ?? number) == 4, $"{rig.State.Keys?.Number}: {rig.Last}");
        rig.Live = new(50, 1, 0.9, 0.2);
        await rig.RunOnceAsync(3);
        Assert.Equal((UpdateReport.Active, null), (rig.Last.State, rig.Last.Reason));
    }

    [Fact]
    public async Task A_device_that_was_given_the_newest_set_keeps_its_serials_and_floors()
    {
        rig.Keys = Provisioned(KeySet.UnknownNumber, KeysOf(4));
        rig.Boot();
        rig.Offer(UpdateRig.Install(8, 60), d, a);
        await rig.RunOnceAsync();
        rig.Live = new(50, 1, 0.9, 0.2);
        await rig.RunOnceAsync(2);
        OfferSets(2, 3, 4);
        await rig.RunOnceAsync(2);
        Assert.Equal((4, 60L, 8), (rig.State.Keys?.Number, rig.State.Serial, rig.State.Floors["squeezesam"]));
        Assert.Equal((UpdateReport.Active, null), (rig.Last.State, rig.Last.Reason));
    }

    [Fact]
    public async Task With_the_number_of_its_set_a_device_takes_no_older_one()
    {
        // one key of two suffices, and one of the provisioned keys signed the older set as well
        rig.Keys = ReleaseSamples.Trust(1, c, d) with
        {
            Number = 3,
        };
        rig.Boot();
        OfferSets(2);
        await rig.RunOnceAsync();
        Assert.Null(rig.State.Keys);
        Assert.DoesNotContain(rig.Reports, r => r.Reason is not null);
    }

    [Fact]
    public async Task What_serves_is_not_refused_when_its_signer_is_revoked_later()
    {
        rig.Boot();
        rig.Offer(UpdateRig.Install(8, 12), a, b);
        await rig.RunOnceAsync();
        rig.Live = new(50, 1, 0.9, 0.2);
        await rig.RunOnceAsync(2);
        Assert.Equal(UpdateReport.Active, rig.Last.State);
        var second = Set(2) with { Keys = Set(2).Keys! with { Revoked = [a.Id] } };
        rig.OfferKeySet(second, SignersOf(2));
        await rig.RunOnceAsync(3);
        Assert.Equal((2, UpdateReport.Active, null), (rig.State.Keys?.Number, rig.Last.State, rig.Last.Reason));
        // also after a restart, and with the old key set on the device's own topic, as it was published in former versions
        rig.Boot();
        rig.OfferKeySet(second, SignersOf(2));
        rig.Offer(ReleaseSamples.Seal(second, SignersOf(2)).Write());
        rig.Offer(ReleaseSamples.Seal(UpdateRig.Install(8, 12), a, b).Write(), isFleet: true);
        await rig.Updater.RunOnceAsync(CancellationToken.None);
        Assert.DoesNotContain(rig.Reports, r => r.State == UpdateReport.Refused);
        // what a revoked key signs from now on is refused
        rig.Offer(UpdateRig.Install(9, 40), a, b);
        await rig.RunOnceAsync();
        Assert.Equal((UpdateReport.Refused, UpdateReason.Threshold), (rig.Last.State, rig.Last.Reason));
        rig.Offer(UpdateRig.Install(9, 40), b, c);
        await rig.RunOnceAsync();
        Assert.Equal(UpdatePhase.Trial, rig.State.Phase);
    }

    [Fact]
    public async Task A_set_on_the_topic_of_another_number_is_refused()
    {
        rig.Keys = Provisioned(1, a, b);
        rig.Boot();
        var inbox = new ManifestInbox();
        inbox.OfferKeySet(isFleet: true, 3, ReleaseSamples.Seal(Set(2), SignersOf(2)).Write());
        var offer = Assert.Single(inbox.Take(rig.Folder));
        Assert.Equal((3, ManifestSource.KeyChain), (offer.KeySet, offer.Source));
        rig.OfferRaw(3, offer.Bytes);
        await rig.RunOnceAsync();
        Assert.Equal((null, UpdateReport.Refused), (rig.State.Keys, rig.Last.State));
    }

    [Fact]
    public void The_inbox_holds_a_bounded_number_of_key_sets_and_drops_withdrawn_ones()
    {
        var inbox = new ManifestInbox();
        for (var number = 2; number < UpdateLimits.MaxKeySets + 10; number++)
            inbox.OfferKeySet(isFleet: false, number, [1, (byte)number]);
        Assert.Equal(UpdateLimits.MaxKeySets, inbox.Take(rig.Folder).Count);
        Assert.Equal(UpdateLimits.MaxKeySets + 9, inbox.Take(rig.Folder).Max(o => o.KeySet));
        inbox.OfferKeySet(isFleet: false, UpdateLimits.MaxKeySets + 9, []);
        Assert.Equal(UpdateLimits.MaxKeySets + 8, inbox.Take(rig.Folder).Max(o => o.KeySet));
    }

    [Fact]
    public async Task A_state_of_the_former_schema_keeps_its_key_set()
    {
        rig.Boot();
        OfferSets(2);
        await rig.RunOnceAsync();
        // as the former version wrote it: one id, no chain
        var old = rig.State with
        {
            Schema = 1,
            KeyChain = [],
            TakenId = null,
            Writes = rig.State.Writes + 1,
        };
        StateCopies.Write(rig.Folder, old);
        rig.Boot();
        Assert.Equal((2, 1), (rig.State.Keys?.Number, rig.State.KeyChain.Count));
        OfferSets(2, 3);
        await rig.RunOnceAsync();
        Assert.Equal((3, null), (rig.State.Keys?.Number, rig.Last.Reason));
    }
}
