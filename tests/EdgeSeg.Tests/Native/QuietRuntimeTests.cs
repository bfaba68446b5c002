using System.Text.RegularExpressions;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Native;

/// <summary>
/// Nothing phones home. Official ONNX Runtime builds, left alone, keep a device id and a store of events under ~/.cache/Microsoft and send
/// them later; the store is there within milliseconds, the connection may take minutes, so both are looked for.
/// </summary>
public class QuietRuntimeTests
{
    private static string Photo => Path.Combine(Published.Folder, "demo", "chelsea.jpg");

    [Fact]
    public void A_session_leaves_nothing_in_the_home_folder()
    {
        using var home = new Scratch();
        using var results = new Scratch();
        var (code, _, errors) = Published.Run(Published.Binary, ["segment", Photo, "--out", results.Path], home.Path);
        Assert.True(code == 0, errors);
        Assert.Empty(Directory.EnumerateFileSystemEntries(home.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_session_connects_to_nothing_outside_this_machine()
    {
        var binary = Published.Binary;
        Assert.SkipUnless(Published.HasTool("strace"), "strace is not installed");
        using var scratch = new Scratch();
        var trace = Path.Combine(scratch.Path, "trace");
        var (code, _, errors) = Published.Run(
            "strace",
            ["-f", "-e", "trace=connect,execve", "-o", trace, binary, "segment", Photo, "--out", scratch.Path],
            scratch.Path
        );
        Assert.SkipWhen(errors.Contains("ptrace", StringComparison.Ordinal), "strace may not trace here");
        Assert.True(code == 0, errors);
        var calls = File.ReadAllLines(trace);
        Assert.Contains(calls, c => c.Contains("execve(", StringComparison.Ordinal));
        Assert.DoesNotContain(calls, Leaves);
    }

    [Theory]
    [InlineData("""1 connect(5, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("20.42.73.27")}, 16) = 0""", true)]
    [InlineData("""1 connect(5, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0""", true)]
    [InlineData(
        """1 connect(5, {sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "2603:1030::1", &sin6_addr)}, 28) = 0""",
        true
    )]
    [InlineData(
        """1 connect(5, {sa_family=AF_INET6, sin6_port=htons(1883), inet_pton(AF_INET6, "::ffff:127.0.0.1", &sin6_addr)}, 28) = 0""",
        false
    )]
    [InlineData("""1 connect(5, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0""", false)]
    public void A_connection_that_leaves_is_recognised(string call, bool leaves) => Assert.Equal(leaves, Leaves(call));

    /// <summary>An internet address other than loopback, or a name being looked up at a loopback resolver.</summary>
    private static bool Leaves(string call) =>
        call.Contains("connect(", StringComparison.Ordinal)
        && call.Contains("AF_INET", StringComparison.Ordinal)
        && (call.Contains("htons(53)", StringComparison.Ordinal) || !Regex.IsMatch(call, """\x22(127\.|::1"|::ffff:127\.)"""));
}
