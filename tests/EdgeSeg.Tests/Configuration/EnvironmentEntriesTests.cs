using Xunit;

namespace EdgeSeg.Configuration;

public class EnvironmentEntriesTests
{
    [Fact]
    public void Variables_override_the_file()
    {
        var s = Text.Parse(
            "[mqtt]\nhost = \"a\"\nport = 1\n[[camera]]\nid = \"x\"\n",
            environment: new()
            {
                ["EDGESEG_MQTT__HOST"] = "b",
                ["EDGESEG_AUTO__THRESHOLD"] = "0.25",
                ["EDGESEG_TRIGGER__GPIO__LINE"] = "GPIO17",
                ["EDGESEG_CAMERA__0__URI"] = "test:",
                ["EDGESEG_CAMERA__0__ROI"] = "0,0, 64,64",
                ["EDGESEG_CAMERA__1__URI"] = "file:/a.mp4",
                ["EDGESEG_RUNTIME__PROVIDERS"] = "[\"cpu\"]",
                ["EDGESEG_DEVICE"] = "dock-7",
                ["EDGESEG_CONFIG"] = "/ignored/here",
                ["PATH"] = "/bin",
            }
        );
        Assert.Equal(("b", 1, 0.25, "GPIO17", "dock-7"), (s.Mqtt.Host, s.Mqtt.Port, s.Auto.Threshold, s.Trigger.Line, s.Device));
        Assert.Equal([("x", "test:"), ("cam1", "file:/a.mp4")], s.Cameras.Select(c => (c.Id, c.Uri)));
        Assert.Equal(new Area(0, 0, 64, 64), s.Cameras[0].Roi);
        Assert.Equal(["cpu"], s.Runtime.Providers);
        Assert.Equal("edgeseg.toml and 8 environment variables", s.Source);
    }

    [Theory]
    [InlineData("EDGESEG_MQTT__PORT", "99999", "EDGESEG_MQTT__PORT: mqtt.port = \"99999\": must be a whole number 0..65535")]
    [InlineData("EDGESEG_MQTT__TLS", "yes", "EDGESEG_MQTT__TLS: mqtt.tls = \"yes\": must be true or false")]
    [InlineData("EDGESEG_MQTT_HOST", "x", "EDGESEG_MQTT_HOST: unknown variable; did you mean EDGESEG_MQTT__HOST?")]
    [InlineData("EDGESEG_MQTT__PASSWORD", "hunter2", "EDGESEG_MQTT__PASSWORD: unknown variable; did you mean EDGESEG_MQTT__PASSWORD_FILE?")]
    [InlineData("EDGESEG_CAMERA__0__URL", "x", "EDGESEG_CAMERA__0__URL: unknown variable; did you mean EDGESEG_CAMERA__0__URI?")]
    [InlineData("EDGESEG_CAMERA__URI", "x", "EDGESEG_CAMERA__URI: unknown variable; did you mean EDGESEG_CAMERA__0__URI?")]
    [InlineData("EDGESEG_CAMERA__00__URI", "test:", "EDGESEG_CAMERA__00__URI: unknown variable; did you mean EDGESEG_CAMERA__0__URI?")]
    [InlineData(
        "EDGESEG_CAMERA__1__URI",
        "test:",
        "EDGESEG_CAMERA__1__URI: camera 0 is missing before this one: cameras are numbered from 0 without a gap"
    )]
    [InlineData("EDGESEG_CAMERA__8__URI", "test:", "EDGESEG_CAMERA__8__URI: at most 8 cameras are supported")]
    [InlineData("EDGESEG_AUTO__THRESHOLD", "", "EDGESEG_AUTO__THRESHOLD: auto.threshold = \"\": must be a number 0.01..0.99")]
    public void A_bad_variable_is_reported_by_its_name(string name, string value, string error) =>
        Assert.Equal(error, Text.Error("", environment: new() { [name] = value }));
}
