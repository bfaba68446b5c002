using EdgeSeg.Testing;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Release;

public sealed class SigningKeyTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    private string In(string name) => Path.Combine(scratch.Path, name);

    [Fact]
    public void The_private_half_is_for_its_owner_only_and_no_half_is_ever_overwritten()
    {
        ReleaseSamples.Alice.Save(In("a.key"), In("a.pem"), null, null);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(In("a.key")));
        var (before, open) = (File.ReadAllText(In("a.key")), File.ReadAllText(In("a.pem")));
        Assert.Contains(
            "never overwritten",
            Assert.Throws<OperatingException>(() => ReleaseSamples.Bob.Save(In("a.key"), In("b.pem"), null, null)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "never overwritten",
            Assert.Throws<OperatingException>(() => ReleaseSamples.Bob.Save(In("b.key"), In("a.pem"), null, null)).Message,
            StringComparison.Ordinal
        );
        Assert.Equal((before, open), (File.ReadAllText(In("a.key")), File.ReadAllText(In("a.pem"))));
        Assert.Equal(["a.key", "a.pem"], Directory.GetFiles(scratch.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_expiry_of_a_key_precedes_the_block()
    {
        var end = new DateTimeOffset(2028, 1, 31, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(end, ReleaseSamples.Public(ReleaseSamples.Alice, end).Expires);
        Assert.Equal(end.AddSeconds(5), ReleaseSamples.Public(ReleaseSamples.Alice, end.AddSeconds(5)).Expires);
        Assert.Null(ReleaseSamples.Public(ReleaseSamples.Alice).Expires);
        var pem = ReleaseSamples.Alice.PublicPem(null);
        // one that cannot be read must not count as none
        Assert.Null(TrustedKey.TryRead("Expires: soon\n" + pem, out var problem));
        Assert.Contains("soon", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_private_key_among_the_trusted_ones_is_refused()
    {
        ReleaseSamples.Alice.Save(In("a.pem"), In("b.pub"), null, null);
        Assert.Contains(
            "private key",
            Assert.Throws<OperatingException>(() => KeySet.ReadFolder(scratch.Path, 1)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_release_whose_files_lead_nowhere_is_an_error_in_words()
    {
        foreach (var name in (string[])["manifest.json", "manifest.json.0123.sig"])
            File.CreateSymbolicLink(In(name), "/nowhere/" + name);
        var release = new ReleaseFolder(scratch.Path);
        Assert.Contains("manifest.json", Assert.Throws<OperatingException>(release.ReadManifest).Message, StringComparison.Ordinal);
        Assert.Contains(".sig", Assert.Throws<OperatingException>(release.ReadSignatures).Message, StringComparison.Ordinal);
        Assert.Throws<OperatingException>(new ReleaseFolder("/nowhere/release").ReadSignatures);
    }

    [Fact]
    public void A_key_that_leads_nowhere_is_an_error_in_words_and_one_that_is_no_key_has_no_text_of_the_library()
    {
        File.CreateSymbolicLink(In("lost.pem"), "/nowhere/lost.pem");
        Assert.Contains(
            "lost.pem does not exist",
            Assert.Throws<OperatingException>(() => KeySet.ReadFolder(scratch.Path, 1)).Message,
            StringComparison.Ordinal
        );
        Assert.Null(TrustedKey.TryRead("hello", out var problem));
        Assert.DoesNotContain("Parameter", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_key_is_named()
    {
        scratch.Write("x.key", "hello"u8.ToArray());
        Assert.Contains(
            "x.key",
            Assert.Throws<OperatingException>(() => SigningKey.Read(In("x.key"), null)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no.key",
            Assert.Throws<OperatingException>(() => SigningKey.Read(In("no.key"), null)).Message,
            StringComparison.Ordinal
        );
        scratch.Write("big.key", new byte[UpdateLimits.MaxKeyBytes + 1]);
        Assert.Contains(
            "another file",
            Assert.Throws<OperatingException>(() => SigningKey.Read(In("big.key"), null)).Message,
            StringComparison.Ordinal
        );
        scratch.Write("empty", "\n"u8.ToArray());
        Assert.Contains(
            "no passphrase",
            Assert.Throws<OperatingException>(() => ReleaseSamples.Alice.Save(In("c.key"), In("c.pem"), null, In("empty"))).Message,
            StringComparison.Ordinal
        );
    }
}
