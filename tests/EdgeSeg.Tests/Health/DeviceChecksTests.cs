using System.Runtime.Versioning;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Health;

public class DeviceChecksTests
{
    [Fact]
    public void A_camera_whose_node_is_missing_fails_and_is_named()
    {
        var check = DeviceChecks.Camera("cam0", "v4l2:/dev/video-nowhere");
        Assert.Equal((CheckState.Failed, "/dev/video-nowhere is not there"), (check.State, check.Finding));
        Assert.NotEmpty(check.Remedy);
    }

    [Fact]
    public void A_camera_whose_node_may_be_used_is_well() =>
        Assert.Equal(CheckState.Ok, DeviceChecks.Camera("cam0", "v4l2:/dev/null").State);

    [Fact]
    [SupportedOSPlatform("linux")]
    public void A_node_that_may_not_be_used_names_the_group()
    {
        using var scratch = new Scratch();
        var node = scratch.Write("video0", []);
        File.SetUnixFileMode(node, UnixFileMode.None);
        // root may use every file, so to it the kernel's answer is given by hand
        var check = DeviceChecks.Camera("cam0", "v4l2:" + node, Environment.IsPrivilegedProcess ? _ => false : null);
        Assert.Equal(CheckState.Failed, check.State);
        Assert.Contains("usermod -aG video", check.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_network_cameras_address_is_not_shown()
    {
        var check = DeviceChecks.Camera("door", "rtsp://user:secret@10.0.0.2/1");
        Assert.Equal(CheckState.Ok, check.State);
        Assert.DoesNotContain("secret", check.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Gpio_is_only_missed_where_it_is_configured()
    {
        using var scratch = new Scratch();
        Assert.Equal(CheckState.Ok, DeviceChecks.Gpio(needed: false, devices: scratch.Path).State);
        Assert.Equal(CheckState.Failed, DeviceChecks.Gpio(needed: true, devices: scratch.Path).State);
        scratch.Write("gpiochip0", []);
        Assert.Equal(CheckState.Ok, DeviceChecks.Gpio(needed: true, devices: scratch.Path).State);
    }
}
