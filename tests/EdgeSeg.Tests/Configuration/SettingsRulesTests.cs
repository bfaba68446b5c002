using Xunit;

namespace EdgeSeg.Configuration;

public class SettingsRulesTests
{
    [Theory]
    [InlineData("[mqtt]\nbind = \"0.0.0.0\"", 2, "mqtt.password_file set")]
    [InlineData("[console]\nenabled = true\nbind = \"0.0.0.0\"", 3, "mqtt.password_file set")]
    [InlineData("[console]\nenabled = true\n[mqtt]\nhost = \"broker\"", 2, "set console.broker_url, for example \"ws://broker:9001/\"")]
    [InlineData("[console]\nenabled = true\nbroker_url = \"ws://broker:9001/\"", 3, "only with an external broker")]
    [InlineData("[console]\nbroker_url = \"http://broker:9001/\"", 2, "ws:// or wss:// address")]
    [InlineData("[console]\nbroker_url = \"ws://op:secret@broker/\"", 2, "without user and password")]
    [InlineData("[console]\nbroker_url = \"ws://[::1]:9001/\"", 2, "IPv4")]
    [InlineData("[console]\nbroker_url = \"ws://broker:9001/; script-src *\"", 2, "ws:// or wss:// address")]
    [InlineData("[mqtt]\nbind = \"192.168.1.5\"\npassword_file = \"/etc/p\"", 3, "mqtt.username")]
    [InlineData("[mqtt]\ntls = true", 2, "has no TLS")]
    [InlineData("[mqtt]\nhost = \"b\"\npassword_file = \"cred:p\"", 3, "mqtt.username")]
    [InlineData("[mqtt]\nhost = \"b\"\ntls = true\nclient_key_file = \"/k\"", 4, "mqtt.client_cert_file")]
    [InlineData("[mqtt]\nhost = \"b\"\nca_file = \"/ca\"", 3, "mqtt.tls = true")]
    [InlineData("[[camera]]\n[[camera]]\nid = \"cam0\"\nuri = \"test:\"", 3, "the id \"cam0\" too")]
    [InlineData("[[camera]]\n\n[[camera]]\n", 3, "opened once")]
    [InlineData("[[camera]]\nuri = \"pipe:rpicam-vid -o -\"", 2, "pipe_width")]
    [InlineData("[[camera]]\nuri = \"test:\"\ncredentials_file = \"/c\"", 3, "only rtsp")]
    [InlineData("[[camera]]\nwidth = 640", 2, "set both")]
    [InlineData("[[camera]]\ncrop = [0, 0, 100, 100]\nroi = [50, 0, 51, 100]", 3, "100x100")]
    [InlineData("[[camera]]\nmode = \"on_trigger\"", 2, "trigger.gpio.enabled = true")]
    [InlineData("[trigger.gpio]\nenabled = true", 2, "trigger.gpio.line")]
    [InlineData("[trigger.gpio]\nenabled = true\nline = 4\ncamera = \"x\"", 4, "unknown camera \"x\"")]
    [InlineData("[output.busy]\nline = 4\n[output.fault]\nline = \"4\"", 4, "output.busy.line uses this line too")]
    public void A_rule_across_keys_names_the_line_and_the_remedy(string toml, int line, string part)
    {
        var error = Text.Error(toml);
        Assert.StartsWith($"edgeseg.toml:{line}: ", error, StringComparison.Ordinal);
        Assert.Contains(part, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[mqtt]\nbind = \"0.0.0.0\"\nusername = \"op\"\npassword_file = \"cred:mqtt\"")]
    [InlineData("[mqtt]\nbind = \"::1\"")]
    [InlineData("[console]\nbind = \"0.0.0.0\"")]
    [InlineData("[console]\nenabled = true")]
    [InlineData("[console]\nenabled = true\nbind = \"0.0.0.0\"\nbroker_url = \"wss://broker/mqtt\"\n[mqtt]\nhost = \"broker\"")]
    [InlineData("[console]\nenabled = true\nbind = \"0.0.0.0\"\n[mqtt]\nusername = \"op\"\npassword_file = \"cred:mqtt\"")]
    [InlineData("[mqtt]\nhost = \"b\"\nbind = \"0.0.0.0\"")]
    [InlineData("[[camera]]\nmode = \"on_trigger\"\n[trigger.gpio]\nenabled = true\nline = 4\ncamera = \"cam0\"")]
    [InlineData("[[camera]]\nuri = \"pipe:gst-launch-1.0 x ! fdsink\"\npipe_width = 640\npipe_height = 480\npipe_format = \"nv12\"")]
    [InlineData("[[camera]]\nuri = \"pipe:ffmpeg -i x -f yuv4mpegpipe -\"\npipe_format = \"y4m\"")]
    [InlineData("camera = []")]
    [InlineData("")]
    public void What_fits_together_is_taken(string toml) => Assert.Equal("edgeseg.toml", Text.Parse(toml).Source);

    [Fact]
    public void A_rule_is_silent_about_a_key_that_has_an_error_already() =>
        Assert.Equal(2, Text.Errors("[mqtt]\nbind = \"0.0.0.0\"\nusername = 1\npassword_file = \"relative\"").Length);
}
