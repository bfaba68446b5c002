using EdgeSeg.Messages;
using Xunit;
using static EdgeSeg.Release.ReleaseSamples;

namespace EdgeSeg.Updates;

public class VerifierTests
{
    private static readonly byte[] manifest = Install().Write();

    private static string? CommandError(Envelope envelope, KeySet keys)
    {
        try
        {
            // as it travels
            Verifier.Require(Envelope.Read(envelope.Write()), keys, Now);
            return null;
        }
        catch (UpdateException e)
        {
            Assert.InRange(e.Message.Length, 10, 300);
            return e.Reason;
        }
    }

    [Fact]
    public void Signatures_of_enough_different_trusted_keys_are_accepted()
    {
        Assert.Null(CommandError(Seal(manifest, Alice), Trust(1, Alice)));
        Assert.Null(CommandError(Seal(manifest, Alice, Bob), Trust(2, Alice, Bob)));
        // further signatures of unknown keys are ignored
        Assert.Null(CommandError(Seal(manifest, Mallory, Bob, Alice), Trust(2, Alice, Bob)));
    }

    [Fact]
    public void Without_a_signature_or_without_keys_nothing_is()
    {
        Assert.Equal(UpdateReason.Unsigned, CommandError(Seal(manifest), Trust(1, Alice)));
        Assert.Equal(UpdateReason.NoKeys, CommandError(Seal(manifest, Alice), Trust(1)));
        // not even where someone set the threshold to nothing
        Assert.NotNull(CommandError(Seal(manifest, Mallory), Trust(0, Alice)));
    }

    [Fact]
    public void A_key_that_is_not_trusted_does_not_count() =>
        Assert.Equal(UpdateReason.UnknownSigner, CommandError(Seal(manifest, Mallory), Trust(1, Alice, Bob)));

    [Fact]
    public void A_signature_of_another_key_under_a_trusted_keys_id_does_not_count()
    {
        var forged = Seal(manifest, Mallory);
        forged = forged with { Signatures = [forged.Signatures[0] with { Key = Alice.Id }] };
        Assert.Equal(UpdateReason.BadSignature, CommandError(forged, Trust(1, Alice)));
    }

    [Fact]
    public void One_key_that_signs_twice_is_one_signer()
    {
        // ECDSA signatures differ each time: two that are both good
        var twice = Seal(manifest, Alice, Alice);
        Assert.NotEqual(twice.Signatures[0].Sig, twice.Signatures[1].Sig);
        Assert.Equal(UpdateReason.Threshold, CommandError(twice, Trust(2, Alice, Bob)));
        // nor is one that lies in the folder twice, once with a date
        var keys = new KeySet(1, 2, [Public(Alice), Public(Alice, Now.AddDays(1))], []);
        Assert.Equal(UpdateReason.Threshold, CommandError(twice, keys));
    }

    [Fact]
    public void Too_few_are_too_few_whatever_else_is_there()
    {
        Assert.Equal(UpdateReason.Threshold, CommandError(Seal(manifest, Alice), Trust(2, Alice, Bob)));
        Assert.Equal(UpdateReason.Threshold, CommandError(Seal(manifest, Alice, Mallory), Trust(2, Alice, Bob)));
    }

    [Fact]
    public void Another_algorithm_is_not_tried()
    {
        foreach (var alg in new[] { "none", "", "ecdsa-p384-sha384", "ECDSA-P256-SHA256", "hmac-sha256" })
        {
            var envelope = Seal(manifest, Alice);
            envelope = envelope with { Signatures = [envelope.Signatures[0] with { Alg = alg }] };
            Assert.Equal(UpdateReason.UnknownAlgorithm, CommandError(envelope, Trust(1, Alice)));
        }
    }

    [Fact]
    public void A_revoked_key_is_not_trusted_even_when_its_file_is_back() =>
        Assert.Equal(UpdateReason.RevokedSigner, CommandError(Seal(manifest, Alice), Trust(1, Alice) with { Revoked = [Alice.Id] }));

    [Fact]
    public void An_expired_key_is_not_trusted_from_its_expiry_on()
    {
        KeySet Until(DateTimeOffset end) => new(1, 1, [Public(Alice, end)], []);
        Assert.Equal(UpdateReason.ExpiredSigner, CommandError(Seal(manifest, Alice), Until(Now)));
        Assert.Null(CommandError(Seal(manifest, Alice), Until(Now.AddSeconds(1))));
    }

    [Fact]
    public void Every_single_changed_bit_of_a_manifest_is_detected()
    {
        var sealedOne = Seal(manifest, Alice);
        for (var bit = 0; bit < manifest.Length * 8; bit += 7)
        {
            var tampered = manifest.ToArray();
            tampered[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.Equal(UpdateReason.BadSignature, CommandError(sealedOne with { Manifest = tampered }, Trust(1, Alice)));
        }
    }

    [Fact]
    public void A_signature_of_the_other_form_that_dotnet_writes_is_not_taken()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var trusted = TrustedKey.TryRead(key.ExportSubjectPublicKeyInfoPem(), out _)!;
        var p1363 = new EnvelopeSignature
        {
            Key = trusted.Id,
            Alg = EnvelopeSignature.EcdsaP256Sha256,
            Sig = key.SignData(manifest, System.Security.Cryptography.HashAlgorithmName.SHA256),
        };
        Assert.Equal(
            UpdateReason.BadSignature,
            CommandError(
                new Envelope
                {
                    V = 1,
                    Manifest = manifest,
                    Signatures = [p1363],
                },
                new KeySet(1, 1, [trusted], [])
            )
        );
    }
}
