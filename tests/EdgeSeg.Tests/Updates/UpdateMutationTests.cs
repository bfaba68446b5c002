using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Release;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>
/// Verification of envelopes that were changed after they were signed: tests/data/updates/ holds real ones
/// with the public keys. EDGESEG_UPDATE_MUTATIONS=1000000 makes a long run.
/// </summary>
public sealed class UpdateMutationTests
{
    private const int Rounds = 20_000;

    private static readonly string[] pieces =
    [
        "1e308",
        "-1e308",
        "1e999",
        "NaN",
        "-0",
        "null",
        "true",
        "{}",
        "[]",
        "[null]",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "99999999999999999999",
        "[[[[[[",
        "\"x\":1,",
        ",",
        "-1",
        "0.5",
        "\"v\":1,",
        "\"signatures\":[],",
        "\"../\"",
        "\"alg\":\"none\",",
        "=",
        "\n",
        "2027-01-31",
        "-----BEGIN PUBLIC KEY-----",
        "\\u002e",
        "\ufeff",
    ];

    private static readonly Envelope[] originals =
    [
        .. new[] { "install", "keys", "pause" }.Select(n => Envelope.Read(File.ReadAllBytes(Data(n + ".json")))),
    ];

    private static readonly KeySet keys = KeySet.ReadFolder(Data(""), 1);

    private static string Data(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "data", "updates", name);

    private static int Count =>
        Environment.GetEnvironmentVariable("EDGESEG_UPDATE_MUTATIONS") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Rounds;

    [Fact]
    public void The_signatures_of_the_corpus_are_valid()
    {
        foreach (var envelope in originals)
        {
            Verifier.Require(envelope, keys, ReleaseSamples.Now);
            Manifest.Read(envelope.Manifest);
        }
    }

    [Fact]
    public void No_changed_envelope_is_accepted_with_another_manifest()
    {
        var random = new Random(20261124);
        var texts = originals.Select(o => o.Write()).ToArray();
        int unread = 0,
            refused = 0,
            same = 0;
        for (var i = 0; i < Count; i++)
        {
            var which = random.Next(texts.Length);
            var bytes = Mutated(texts[which], random);
            Envelope envelope;
            try
            {
                envelope = Timed(() => Envelope.Read(bytes));
            }
            catch (UpdateException e)
            {
                Assert.Equal(UpdateReason.BadEnvelope, e.Reason);
                // it is published in the journal and in model/state, and anyone may have sent it
                Assert.InRange(e.Message.Length, 10, 400);
                Assert.DoesNotContain(e.Message, char.IsControl);
                unread++;
                continue;
            }

            if (IsAccepted(envelope))
            {
                // white space, or a change of one of two signatures: the manifest is the signed one, byte for byte
                Assert.True(originals[which].Manifest.AsSpan().SequenceEqual(envelope.Manifest), Encoding.Latin1.GetString(bytes));
                same++;
            }
            else
            {
                refused++;
            }
        }

        // all three must happen often, else the test proves nothing
        Assert.True(
            unread > Count / 4 && refused > Count / 20 && same > Count / 200,
            $"{unread} unread, {refused} refused, {same} the same"
        );
        TestContext.Current.SendDiagnosticMessage($"{Count} envelopes: {unread} unread, {refused} refused, {same} as signed");
    }

    [Fact]
    public void No_changed_manifest_keeps_its_signature()
    {
        var random = new Random(20261125);
        var accepted = 0;
        for (var i = 0; i < Count; i++)
        {
            var original = originals[random.Next(originals.Length)];
            var manifest = Mutated(original.Manifest, random);
            if (IsAccepted(original with { Manifest = manifest }) && !manifest.AsSpan().SequenceEqual(original.Manifest))
                accepted++;
        }

        Assert.Equal(0, accepted);
    }

    [Fact]
    public void A_changed_manifest_is_safe_or_refused_even_when_signed()
    {
        var random = new Random(20261126);
        int read = 0,
            refused = 0;
        for (var i = 0; i < Count; i++)
        {
            var bytes = Mutated(originals[random.Next(originals.Length)].Manifest, random);
            try
            {
                var manifest = Timed(() => Manifest.Read(bytes));
                Assert.True(IsSafe(manifest), Encoding.Latin1.GetString(bytes));
                read++;
            }
            catch (UpdateException e)
            {
                Assert.Equal(UpdateReason.BadManifest, e.Reason);
                Assert.DoesNotContain(e.Message, char.IsControl);
                refused++;
            }
        }

        Assert.True(read > Count / 50 && refused > Count / 4, $"{read} read, {refused} refused");
        TestContext.Current.SendDiagnosticMessage($"{Count} manifests: {read} read, {refused} refused");
    }

    [Fact]
    public void A_changed_key_is_another_key_or_none()
    {
        var random = new Random(20261127);
        var text = File.ReadAllBytes(Data("alice.pem"));
        var id = TrustedKey.TryRead(Encoding.UTF8.GetString(text), out _)!.Id;
        var others = 0;
        for (var i = 0; i < Count / 10; i++)
        {
            var key = Timed(() => TrustedKey.TryRead(Encoding.UTF8.GetString(Mutated(text, random)), out _));
            if (key is not null && key.Id != id)
                others++;
        }

        // a changed point is rarely on the curve
        Assert.InRange(others, 0, Count / 10_000);
    }

    private static bool IsAccepted(Envelope envelope)
    {
        try
        {
            Verifier.Require(envelope, keys, ReleaseSamples.Now);
            return true;
        }
        catch (UpdateException e)
        {
            Assert.InRange(e.Message.Length, 10, 400);
            return false;
        }
    }

    private static T Timed<T>(Func<T> read)
    {
        var since = Stopwatch.GetTimestamp();
        try
        {
            return read();
        }
        finally
        {
            // generous for a loaded machine; a hang is longer
            Assert.True(Stopwatch.GetElapsedTime(since).TotalSeconds < Wait.LimitS, "it hangs");
        }
    }

    /// <summary>A changed text; of fifty one is noise.</summary>
    private static byte[] Mutated(byte[] original, Random random) =>
        random.Next(50) == 0 ? Mutator.Noise(random) : new Mutator(random, pieces).Mutate(original);

    /// <summary>Independent of the program's rules: what the device does with these must be safe.</summary>
    private static bool IsSafe(Manifest m)
    {
        if (m.Type != "edgeseg-model" || m.Serial is < 1 or > 9007199254740992 || m.Expires <= m.Issued)
            return false;
        if (m.Rollout is { } r && !(r.Percent >= 0 && r.Percent <= 100))
            return false;
        if (m.Keys is { } k && (k.Threshold < 1 || KeySet.Of(k).Keys.Count(key => !k.Revoked.Contains(key.Id)) < k.Threshold))
            return false;
        if (m.Bundle is not { } b)
            return m.Action != "install";
        if (m.Action != "install" || b.Version < 1 || b.Files.Count is 0 or > 16 || !SlotStore.IsSlotName(SlotStore.NameOf(b)))
            return false;
        if (
            b.Files.Any(f =>
                f.Name.Contains('/')
                || f.Name.StartsWith('.')
                || f.Name != Path.GetFileName(f.Name)
                || f.Name == "SHA256SUMS"
                || f.Bytes is < 1 or > 1 << 30
            )
        )
            return false;
        if (UpdateGate.VersionOf(b.Compatible.MinEdgeseg) is null || b.Compatible.Boards.Any(x => x.Length == 0))
            return false;
        return b.Canary is { MinIou: >= 0.5 and <= 1, MaxLatencyRatio: > 0 and <= 100, MaxMemoryMib: >= 64 }
            && b.Live is { Frames: > 0, AreaFactor: >= 1 and <= 1000 }
            && b.Url.EndsWith('/');
    }
}
