using System.Text;
using EdgeSeg.Platform;
using EdgeSeg.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Health;

public class SystemChecksTests
{
    [Theory]
    [InlineData(1L << 30, 0)]
    [InlineData(100L << 20, 1)]
    [InlineData(1L << 20, 2)]
    public void Free_disk_space_is_checked(long free, int state) =>
        Assert.Equal((CheckState)state, SystemChecks.Disk("/var/lib/edgeseg", true, free).State);

    [Fact]
    public void A_state_folder_that_is_not_there_yet_is_checked_by_the_one_above()
    {
        using var scratch = new Scratch();
        Assert.EndsWith("b/c (not made yet)", SystemChecks.Disk(Path.Combine(scratch.Path, "a/b/c")).Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_folder_that_cannot_be_written_fails_and_names_who_could()
    {
        var check = SystemChecks.Disk("/proc/x");
        Assert.Equal(CheckState.Failed, check.State);
        Assert.StartsWith($"/proc cannot be written by {Environment.UserName}: ", check.Finding, StringComparison.Ordinal);
        Assert.DoesNotContain("chown", check.Remedy, StringComparison.Ordinal);

        // to another user than the owner no change of the folder is advised: the service could not use it any more
        using var scratch = new Scratch();
        var owner = FolderOwner.Of(scratch.Path)!.Value.User;
        var name = FolderOwner.Name(owner);
        Assert.StartsWith(
            owner == 0
                ? "the folder belongs to root: run it as root, or"
                : $"the folder belongs to {name}: run it as root or as {name}, or",
            SystemChecks.Remedy(scratch.Path, owner + 1, isService: false),
            StringComparison.Ordinal
        );
        Assert.StartsWith("correct its owner", SystemChecks.Remedy(scratch.Path, owner, isService: false), StringComparison.Ordinal);
        Assert.StartsWith("correct its owner", SystemChecks.Remedy(scratch.Path, owner + 1, isService: true), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_below_the_state_folder_with_another_owner_fails_for_root_too()
    {
        using var scratch = new Scratch();
        Directory.CreateDirectory(Path.Combine(scratch.Path, "models"));
        Assert.Null(SystemChecks.StateFault(scratch.Path));
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give a folder away");
        Assert.Equal(0, Published.Run("chown", ["65534", scratch.Path]).ExitCode);
        Assert.Contains("--reference=", SystemChecks.StateFault(scratch.Path)?.Remedy ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void The_clock_check_shows_the_time_and_warns_when_it_is_not_synchronised()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
        Assert.Equal(Check.Ok("clock", "2026-11-23 12:00:00Z, synchronised"), SystemChecks.Clock(time, true));
        Assert.Equal(CheckState.Warning, SystemChecks.Clock(time, false).State);
    }

    [Fact]
    public void The_mark_of_timesyncd_counts_as_synchronised()
    {
        using var run = new Scratch();
        run.Write("systemd/timesync/synchronized", []);
        Assert.Equal(CheckState.Ok, SystemChecks.Clock(TimeProvider.System, run.Path).State);
    }

    [Fact]
    public void The_hottest_zone_counts()
    {
        using var sys = new Scratch();
        Zone(sys, 0, "cpu", "61200");
        Zone(sys, 1, "gpu", "70500");
        Zone(sys, 2, "off", "-256000");
        Assert.Equal(Check.Ok("temperature", "70.5 degrees C (gpu)"), SystemChecks.Temperature(sys.Path));
        Zone(sys, 3, "soc", "91000");
        Assert.Equal(CheckState.Warning, SystemChecks.Temperature(sys.Path).State);
    }

    [Theory]
    [InlineData("0", null)]
    [InlineData("50005", "voltage")]
    [InlineData("0x4", "throttled now")]
    [InlineData("50000", "since it started")]
    public void A_throttled_raspberry_pi_reports_the_cause(string bits, string? word)
    {
        using var sys = new Scratch();
        Zone(sys, 0, "cpu", "50000");
        sys.Write("devices/platform/soc/soc:firmware/get_throttled", Encoding.ASCII.GetBytes(bits + "\n"));
        var check = SystemChecks.Temperature(sys.Path);
        Assert.Equal(word is null ? CheckState.Ok : CheckState.Warning, check.State);
        Assert.Contains(word ?? "50.0", check.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void A_capped_processor_is_a_warning()
    {
        using var sys = new Scratch();
        sys.Write("class/thermal/cooling_device0/type", "thermal-cpufreq-0\n"u8.ToArray());
        sys.Write("class/thermal/cooling_device0/cur_state", "2\n"u8.ToArray());
        Assert.Equal(CheckState.Warning, SystemChecks.Temperature(sys.Path).State);
    }

    [Fact]
    public void A_machine_without_sensors_is_well() => Assert.Equal(CheckState.Ok, SystemChecks.Temperature("/nowhere").State);

    private static void Zone(Scratch sys, int number, string type, string temperature)
    {
        sys.Write($"class/thermal/thermal_zone{number}/type", Encoding.ASCII.GetBytes(type + "\n"));
        sys.Write($"class/thermal/thermal_zone{number}/temp", Encoding.ASCII.GetBytes(temperature + "\n"));
    }
}
