using System.Runtime.CompilerServices;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Deploy;

/// <summary>systemd/: what systemd itself thinks of the unit and its drop-ins.</summary>
public sealed class UnitFileTests : IDisposable
{
    private readonly Scratch scratch = new();

    private static string Source([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../../../systemd"));

    private static void SkipWithoutSystemd() =>
        Assert.SkipUnless(Published.HasTool("systemd-analyze"), "systemd-analyze is not installed (Debian package systemd)");

    /// <summary>
    /// The unit in a folder of its own, with an executable that is there: whether edgeseg is installed here is not the question.
    /// </summary>
    private string Unit(string? dropIn = null)
    {
        var text = File.ReadAllText(Path.Combine(Source(), "edgeseg.service"))
            .Replace("/usr/bin/edgeseg", "/bin/true", StringComparison.Ordinal)
            .Replace("man:edgeseg(1)", "man:systemd(1)", StringComparison.Ordinal);
        var unit = scratch.Write("edgeseg.service", System.Text.Encoding.UTF8.GetBytes(text));
        if (dropIn is not null)
            scratch.Write("edgeseg.service.d/tested.conf", File.ReadAllBytes(dropIn));
        return unit;
    }

    [Fact]
    public void The_sandbox_leaves_an_exposure_of_at_most_one_and_a_half()
    {
        SkipWithoutSystemd();
        var (code, output, errors) = Published.Run(
            "systemd-analyze",
            ["security", "--offline=true", "--threshold=15", "--no-pager", Unit()]
        );
        Assert.True(code == 0, output + errors);
        Assert.Contains("Overall exposure level", output, StringComparison.Ordinal);
    }

    /// <summary>An unknown key is only a warning to systemd, so anything that it says of our files counts.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("jetson-csi")]
    [InlineData("nvidia-gpu")]
    [InlineData("raspberry-pi-libcamera")]
    public void Systemd_understands_every_line(string? dropIn)
    {
        SkipWithoutSystemd();
        var unit = Unit(dropIn is null ? null : Path.Combine(Source(), "edgeseg.service.d", dropIn + ".conf.example"));
        var (_, output, errors) = Published.Run("systemd-analyze", ["verify", "--man=no", unit]);
        var ours = (output + errors)
            .Split('\n')
            .Where(l => l.Contains("edgeseg", StringComparison.Ordinal) || l.Contains("tested.conf", StringComparison.Ordinal))
            .ToArray();
        Assert.Empty(ours);
    }

    /// <summary>With it the service ends at its start: docs/decisions/sandbox.md.</summary>
    [Fact]
    public void Memory_may_be_written_and_then_executed() =>
        Assert.DoesNotContain(
            File.ReadAllLines(Path.Combine(Source(), "edgeseg.service")),
            l => l.StartsWith("MemoryDenyWriteExecute=", StringComparison.Ordinal)
        );

    [Theory]
    [InlineData("Restart=always")]
    [InlineData("StartLimitIntervalSec=0")]
    [InlineData("OOMPolicy=continue")]
    [InlineData("NotifyAccess=main")]
    public void It_comes_back_always(string line) => Assert.Contains(line, File.ReadAllLines(Path.Combine(Source(), "edgeseg.service")));

    public void Dispose() => scratch.Dispose();
}
