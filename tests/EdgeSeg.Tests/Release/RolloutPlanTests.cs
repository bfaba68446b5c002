using System.Text;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Release;

/// <summary>Who takes part in a roll-out: the same answer on the device and in the operator's preview.</summary>
public class RolloutPlanTests
{
    private static readonly FleetDevice[] fleet =
    [
        .. Enumerable
            .Range(0, 20)
            .Select(i => new FleetDevice($"robot-{i}") { Fleet = "north", Tags = i % 4 == 0 ? ["dock", "ring-1"] : ["field"] }),
    ];

    private static readonly Rollout all = new() { Percent = 100, Salt = "s" };

    [Fact]
    public void A_count_takes_exactly_so_many_and_a_greater_one_holds_the_smaller()
    {
        var two = RolloutPlan.Pick(fleet, 2, "s", null);
        var five = RolloutPlan.Pick(fleet, 5, "s", null);
        Assert.Equal((2, 5), (two.Count, five.Count));
        Assert.Subset(five.ToHashSet(), two.ToHashSet());
        Assert.Equal(two, RolloutPlan.Taken(all with { Devices = two }, fleet));
        Assert.NotEqual(two, RolloutPlan.Pick(fleet, 2, "another", null));
        var docked = RolloutPlan.Pick(fleet, 3, "s", ["dock"]);
        Assert.All(docked, d => Assert.Contains("dock", fleet.Single(f => f.Device == d).Tags));
        Assert.Contains(
            "only 5",
            Assert.Throws<OperatingException>(() => RolloutPlan.Pick(fleet, 6, "s", ["dock"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_count_takes_online_devices_first_and_the_preview_counts_the_offline_ones()
    {
        FleetDevice[] mixed = [.. fleet.Select((d, i) => d with { Status = i % 2 == 0 ? "offline" : "online" })];
        var five = RolloutPlan.Pick(mixed, 5, "s", null);
        Assert.All(five, d => Assert.Equal("online", mixed.Single(m => m.Device == d).Status));
        Assert.Null(RolloutPlan.Offline(all with { Devices = five }, mixed));
        var twelve = RolloutPlan.Pick(mixed, 12, "s", null);
        Assert.Subset(twelve.ToHashSet(), five.ToHashSet());
        Assert.StartsWith(
            "2 of the chosen devices are offline",
            RolloutPlan.Lines(all with { Devices = twelve }, mixed)[^2],
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("robot-0", "dock", null, true)]
    [InlineData("robot-1", "field", null, false)]
    [InlineData("robot-1", "field", "robot-1,robot-2", false)]
    [InlineData("robot-0", "dock", "robot-1,robot-2", false)]
    [InlineData("robot-0", "dock", "robot-0", true)]
    public void Tags_and_names_both_narrow(string device, string tag, string? named, bool takesPart)
    {
        var rollout = all with { Tags = ["dock", "yard"], Devices = named?.Split(',') };
        Assert.Equal(takesPart, RolloutShare.Exclusion(rollout, device, [tag]) is null);
    }

    [Fact]
    public void The_preview_names_who_takes_part_and_who_is_missing()
    {
        var lines = RolloutPlan.Lines(all with { Devices = ["robot-3", "robot-99"] }, fleet);
        Assert.Equal(fleet.Length + 3, lines.Count);
        Assert.Matches("^robot-3 .*yes$", lines.Single(l => l.StartsWith("robot-3 ", StringComparison.Ordinal)));
        Assert.Matches("^robot-4 .*no$", lines.Single(l => l.StartsWith("robot-4 ", StringComparison.Ordinal)));
        Assert.Equal(["not on this broker: robot-99", "1 of 20 devices take part: robot-3"], lines.TakeLast(2));
    }

    [Theory]
    [InlineData(
        """{"fleet":"north","tags":["dock","No Tag",7,"ring-1"],"models":[{"role":"segmenter","name":"squeezesam","version":"3"}]}""",
        "north",
        "dock,ring-1",
        "squeezesam 3"
    )]
    [InlineData("""{"fleet":"../x","tags":"dock","models":{}}""", null, "", null)]
    [InlineData("[]", null, "", null)]
    [InlineData("{\"fleet\":\"\u00ff", null, "", null)]
    public void An_info_of_any_version_is_read_as_far_as_it_goes(string json, string? group, string tags, string? model)
    {
        var device = new FleetDevice("robot-1").With(FleetTopic.Info, Encoding.Latin1.GetBytes(json));
        Assert.Equal((group, tags, model), (device.Fleet, string.Join(',', device.Tags), device.Model));
    }
}
