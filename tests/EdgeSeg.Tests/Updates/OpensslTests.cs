using EdgeSeg.Release;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>Keys and signatures go back and forth between openssl and edgeseg.</summary>
public sealed class OpensslTests : IDisposable
{
    private readonly Scratch scratch = new();

    public OpensslTests() => Assert.SkipUnless(Published.HasTool("openssl"), "openssl is not installed (Debian package openssl)");

    public void Dispose() => scratch.Dispose();

    private string In(string name) => Path.Combine(scratch.Path, name);

    private static string Openssl(params string[] arguments)
    {
        var (code, output, errors) = Published.Run("openssl", arguments);
        Assert.True(code == 0, $"openssl {string.Join(' ', arguments)}: {errors}{output}");
        return output + errors;
    }

    /// <summary>As docs/ota.md has it, and the older forms in which openssl writes keys.</summary>
    private void MakeKey(string curve = "prime256v1", bool explicitly = false)
    {
        Openssl([
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            $"ec_paramgen_curve:{curve}",
            "-pkeyopt",
            $"ec_param_enc:{(explicitly ? "explicit" : "named_curve")}",
            "-out",
            In("o.key"),
        ]);
        Openssl("pkey", "-in", In("o.key"), "-pubout", "-out", In("o.pem"));
    }

    [Fact]
    public void A_key_and_a_signature_of_openssl_are_accepted()
    {
        MakeKey();
        var manifest = ReleaseSamples.Install().Write();
        File.WriteAllBytes(In("manifest.json"), manifest);
        Openssl("dgst", "-sha256", "-sign", In("o.key"), "-out", In("sig"), In("manifest.json"));
        var keys = KeySet.ReadFolder(scratch.Path, 1);
        Assert.Single(keys.Keys);
        var envelope = new Envelope
        {
            V = 1,
            Manifest = manifest,
            Signatures =
            [
                new EnvelopeSignature
                {
                    Key = keys.Keys[0].Id,
                    Alg = EnvelopeSignature.EcdsaP256Sha256,
                    Sig = File.ReadAllBytes(In("sig")),
                },
            ],
        };
        Verifier.Require(Envelope.Read(envelope.Write()), keys, ReleaseSamples.Now);
        using var signer = SigningKey.Read(In("o.key"), null);
        Assert.Equal(keys.Keys[0].Id, signer.Id);
    }

    [Fact]
    public void A_key_id_is_what_openssl_and_sha256sum_make_of_the_public_key()
    {
        MakeKey();
        Openssl("pkey", "-pubin", "-in", In("o.pem"), "-outform", "DER", "-out", In("o.der"));
        var sum = Openssl("dgst", "-sha256", "-r", In("o.der"));
        Assert.Equal(sum[..32], KeySet.ReadFolder(scratch.Path, 1).Keys[0].Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Openssl_accepts_keys_and_signatures_of_edgeseg(bool encrypted)
    {
        File.WriteAllText(In("pass"), "correct horse\n");
        var pass = encrypted ? In("pass") : null;
        using (var key = SigningKey.Create())
            key.Save(In("a.key"), In("a.pem"), ReleaseSamples.Now.AddYears(1), pass);
        Assert.Contains("prime256v1", Openssl("pkey", "-pubin", "-in", In("a.pem"), "-text", "-noout"), StringComparison.Ordinal);
        Assert.Contains(
            "256 bit",
            Openssl(["pkey", "-in", In("a.key"), "-text", "-noout", .. encrypted ? new[] { "-passin", $"file:{In("pass")}" } : []]),
            StringComparison.Ordinal
        );
        File.WriteAllText(In("manifest.json"), "any bytes");
        using var read = SigningKey.Read(In("a.key"), pass);
        File.WriteAllBytes(In("sig"), read.Sign("any bytes"u8));
        Assert.Contains(
            "Verified OK",
            Openssl("dgst", "-sha256", "-verify", In("a.pem"), "-signature", In("sig"), In("manifest.json")),
            StringComparison.Ordinal
        );
        File.WriteAllText(In("manifest.json"), "other bytes");
        Assert.NotEqual(
            0,
            Published.Run("openssl", ["dgst", "-sha256", "-verify", In("a.pem"), "-signature", In("sig"), In("manifest.json")]).ExitCode
        );
    }

    [Fact]
    public void Openssls_older_and_encrypted_forms_of_private_keys_are_read()
    {
        Openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", In("sec1.key"));
        using (var key = SigningKey.Read(In("sec1.key"), null))
            Assert.Equal(32, key.Id.Length);
        File.WriteAllText(In("pass"), "correct horse\n");
        Openssl("pkcs8", "-topk8", "-in", In("sec1.key"), "-out", In("enc.key"), "-passout", $"file:{In("pass")}");
        using (var key = SigningKey.Read(In("enc.key"), In("pass")))
            Assert.Equal(32, key.Id.Length);
        File.WriteAllText(In("wrong"), "horse\n");
        Assert.Contains(
            "passphrase",
            Assert.Throws<OperatingException>(() => SigningKey.Read(In("enc.key"), In("wrong"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--passphrase-file",
            Assert.Throws<OperatingException>(() => SigningKey.Read(In("enc.key"), null)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("secp384r1", false)]
    [InlineData("secp521r1", false)]
    [InlineData("secp256k1", false)]
    [InlineData("prime256v1", true)]
    public void Another_curve_is_refused_also_of_the_same_size_or_spelled_out(string curve, bool explicitly)
    {
        MakeKey(curve, explicitly);
        Assert.Throws<OperatingException>(() => SigningKey.Read(In("o.key"), null));
        Assert.Null(TrustedKey.TryRead(File.ReadAllText(In("o.pem")), out var problem));
        Assert.NotEqual("", problem);
    }

    [Theory]
    [InlineData("RSA")]
    [InlineData("ED25519")]
    public void Another_kind_of_key_is_refused(string kind)
    {
        Openssl("genpkey", "-algorithm", kind, "-out", In("o.key"));
        Openssl("pkey", "-in", In("o.key"), "-pubout", "-out", In("o.pem"));
        Assert.Throws<OperatingException>(() => SigningKey.Read(In("o.key"), null));
        Assert.Null(TrustedKey.TryRead(File.ReadAllText(In("o.pem")), out _));
        Assert.Contains(
            "o.pem",
            Assert.Throws<OperatingException>(() => KeySet.ReadFolder(scratch.Path, 1)).Message,
            StringComparison.Ordinal
        );
    }
}
