using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Configuration;

public class SettingsFileTests
{
    private const string TwoCameras = """
        device = "dock-7"
        [mqtt]
        host = "broker.local"
        tls = true
        protocol = "3.1.1"
        [[camera]]
        uri = "v4l2:/dev/video2"
        crop = [0, 8, 640, 400]
        rotate = 90
        [[camera]]
        id = "gate"
        uri = "rtsp://10.0.0.5:554/stream?channel=1"
        mode = "interval"
        interval_s = 2
        [trigger]
        gpio = { enabled = true, line = 17 }
        [runtime]
        providers = ["xnnpack", "cpu"]
        """;

    private const string TwoCamerasJson = """
        // the same
        {
          "device": "dock-7",
          "mqtt": { "host": "broker.local", "tls": true, "protocol": "3.1.1" },
          "camera": [
            { "uri": "v4l2:/dev/video2", "crop": [0, 8, 640, 400], "rotate": 90, },
            { "id": "gate", "uri": "rtsp://10.0.0.5:554/stream?channel=1", "mode": "interval", "interval_s": 2 }
          ],
          "trigger": { "gpio": { "enabled": true, "line": 17 } },
          "runtime": { "providers": ["xnnpack", "cpu"] },
        }
        """;

    [Theory]
    [InlineData(TwoCameras, "edgeseg.toml")]
    [InlineData(TwoCameras, "settings")]
    [InlineData(TwoCamerasJson, "edgeseg.json")]
    [InlineData("\uFEFF" + TwoCamerasJson, "edgeseg.json")]
    public void A_file_sets_what_it_names_and_leaves_the_rest(string text, string name)
    {
        var s = Text.Parse(text, name);
        Assert.Equal("dock-7", s.Device);
        Assert.Equal(("broker.local", true, MqttProtocol.V311, 8883), (s.Mqtt.Host, s.Mqtt.Tls, s.Mqtt.Protocol, s.Mqtt.EffectivePort));
        Assert.Equal(["cam0", "gate"], s.Cameras.Select(c => c.Id));
        Assert.Equal(new Area(0, 8, 640, 400), s.Cameras[0].Crop);
        Assert.Equal(90, s.Cameras[0].Rotate);
        Assert.Equal((CameraMode.Interval, 2.0, "rtsp"), (s.Cameras[1].Mode, s.Cameras[1].IntervalS, s.Cameras[1].Scheme));
        Assert.Null(s.Cameras[1].Crop);
        Assert.Equal((true, "17"), (s.Trigger.Enabled, s.Trigger.Line));
        Assert.Equal(["xnnpack", "cpu"], s.Runtime.Providers);
        Assert.Equal(10, s.Telemetry.IntervalS);
        Assert.Equal(name, s.Source);
    }

    [Fact]
    public void Json_without_its_ending_is_known_by_its_first_character() =>
        Assert.Equal("dock-7", Text.Parse("""  { "device": "dock-7" }""", "settings").Device);

    [Theory]
    [InlineData("device = \"dock-7\"\ntags = [\"dock\", \"ring-1\"]")]
    [InlineData("[device]\nid = \"dock-7\"\ntags = [\"dock\", \"ring-1\"]")]
    [InlineData("device.id = \"dock-7\"\ndevice.tags = [\"dock\", \"ring-1\"]")]
    public void The_device_has_a_name_and_tags_in_either_form(string toml)
    {
        var settings = Text.Parse(toml);
        Assert.Equal("dock-7", settings.Device);
        Assert.Equal(["dock", "ring-1"], settings.Tags);
    }

    [Theory]
    [InlineData("tags = [\"a\", \"a\"]")]
    [InlineData("tags = [\"Dock\"]")]
    [InlineData("tags = \"dock\"")]
    [InlineData("tags = [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]")]
    public void Tags_are_at_most_16_different_ids(string toml) => Assert.Contains("tags = ", Text.Error(toml), StringComparison.Ordinal);

    [Theory]
    [InlineData("mqtt.port = 99999", "edgeseg.toml:1: mqtt.port = 99999: must be a whole number 0..65535")]
    [InlineData("\n[mqtt]\n\nport = \"1883\"", "edgeseg.toml:4: mqtt.port = \"1883\": must be a whole number 0..65535")]
    [InlineData("[mqtt]\r\nprot = 5", "edgeseg.toml:2: mqtt.prot: unknown key; did you mean mqtt.port?")]
    [InlineData("[mqtt]\npassword = \"hunter2\"", "edgeseg.toml:2: mqtt.password: unknown key; did you mean mqtt.password_file?")]
    [InlineData("host = \"x\"", "edgeseg.toml:1: host: unknown key; did you mean mqtt.host?")]
    [InlineData("zzzzzzzzzzzz = 1", "edgeseg.toml:1: zzzzzzzzzzzz: unknown key")]
    [InlineData("[mqqt]\nhost = \"x\"\nport = 1", "edgeseg.toml:1: mqqt: unknown key; did you mean mqtt?")]
    [InlineData("mqtt = 5", "edgeseg.toml:1: mqtt = 5: is a table: write [mqtt] and its keys below")]
    [InlineData("[[mqtt]]\nport = 1", "edgeseg.toml:1: mqtt is a single table: write [mqtt]")]
    [InlineData("[camera]\nid = \"a\"", "edgeseg.toml:1: camera is a list of tables: write [[camera]]")]
    [InlineData("[device]\nx = 1", "edgeseg.toml:2: device.x: unknown key; did you mean device?")]
    [InlineData("device = \"Dock 7\"", "edgeseg.toml:1: device = \"Dock 7\": must be an id: 1 to 64 of a-z, 0-9 and -")]
    [InlineData("[mqtt]\ntls = 1", "edgeseg.toml:2: mqtt.tls = 1: must be true or false")]
    [InlineData("auto.threshold = nan", "edgeseg.toml:1: auto.threshold = NaN: must be a number 0.01..0.99")]
    [InlineData("mqtt.bind = \"5\"", "edgeseg.toml:1: mqtt.bind = \"5\": must be an IP address of this machine")]
    [InlineData("mqtt.protocol = \"4\"", "edgeseg.toml:1: mqtt.protocol = \"4\": must be one of \"5\", \"3.1.1\"")]
    [InlineData("fleet = 2026-01-01", "edgeseg.toml:1: fleet = 2026-01-01: must be empty or an id: 1 to 64 of a-z, 0-9 and -")]
    [InlineData(
        "[[camera]]\ncrop = [1, 2, 3]",
        "edgeseg.toml:2: camera[0].crop = [1, 2, 3]: must be [] or [x, y, width, height] in pixels, width and height at least 16"
    )]
    [InlineData("[[camera]]\nrotate = 45", "edgeseg.toml:2: camera[0].rotate = 45: must be one of 0, 90, 180, 270")]
    [InlineData(
        "runtime.providers = [\"cpu\", \"cpu\"]",
        "edgeseg.toml:1: runtime.providers = [\"cpu\", \"cpu\"]: must be a list of \"cpu\", \"xnnpack\", \"cuda\", \"tensorrt\", each at "
            + "most once"
    )]
    [InlineData("[mqtt]\nport = 1\n[log]\n[mqtt]\ntls = true", "edgeseg.toml:4: mqtt is set twice; first in line 1")]
    [InlineData("[mqtt]\nport = 1\nport = 2", "edgeseg.toml:3: mqtt.port is set twice; first in line 2")]
    [InlineData("\"mqtt.port\" = 1", "edgeseg.toml:1: \"mqtt.port\": unknown key; did you mean mqtt.port?")]
    public void A_forbidden_value_is_reported_with_line_key_and_remedy(string toml, string error) => Assert.Equal(error, Text.Error(toml));

    [Theory]
    [InlineData("{\n  \"mqtt\": {\n    \"port\":\n      99999 } }", "e.json:3: mqtt.port = 99999: must be a whole number 0..65535")]
    [InlineData("{\n/* \n */ \"mqtt\": { \"hots\": \"x\" } }", "e.json:3: mqtt.hots: unknown key; did you mean mqtt.host?")]
    [InlineData("{ \"device\": \"a\",\n \"device\": \"b\" }", "e.json:2: device is set twice; first in line 1")]
    [InlineData("{ \"device\": null }", "e.json:1: device = null: must be an id: 1 to 64 of a-z, 0-9 and -")]
    [InlineData(
        "{ \"camera\": [\n{},\n{ \"id\": \"A\" } ] }",
        "e.json:3: camera[1].id = \"A\": must be an id: 1 to 64 of a-z, 0-9 and -",
        "e.json:3: camera[1].uri: camera 0 reads v4l2:/dev/video0 too; a device can be opened once"
    )]
    [InlineData("{ \"camera\": {} }", "e.json:1: camera is a list of tables: write [[camera]]")]
    [InlineData("[]", "e.json:1: must be an object: { ... }")]
    public void Json_errors_have_the_same_form(string json, params string[] errors) => Assert.Equal(errors, Text.Errors(json, "e.json"));

    [Theory]
    [InlineData("device = \"a\"\nmqtt.port = \n", "edgeseg.toml", 2)]
    [InlineData("\n\n[mqtt\nport = 1", "edgeseg.toml", 3)]
    [InlineData("device = \"abc", "edgeseg.toml", 1)]
    [InlineData("{\n \"device\": \"a\"\n \"fleet\": \"b\" }", "edgeseg.json", 3)]
    [InlineData("{ \"device\": \"\\ud800\" }", "edgeseg.json", 1)]
    [InlineData("", "edgeseg.json", 1)]
    public void Syntax_errors_have_their_line(string text, string name, int line) =>
        Assert.StartsWith($"{name}:{line}: not ", Text.Errors(text, name)[0], StringComparison.Ordinal);

    [Fact]
    public void All_errors_are_reported_at_once_in_the_order_of_the_file()
    {
        var errors = Text.Errors(
            "device = 1\n[mqtt]\nport = -1\nhots = \"x\"\n[log]\nlevel = \"loud\"",
            environment: new() { ["EDGESEG_FLEET"] = "A" }
        );
        Assert.Equal([1, 3, 4, 6], errors.Take(4).Select(e => int.Parse(e.Split(':')[1])));
        Assert.Equal("EDGESEG_FLEET: fleet = \"A\": must be empty or an id: 1 to 64 of a-z, 0-9 and -", errors[4]);
        Assert.Equal(5, errors.Length);
    }

    [Fact]
    public void More_errors_than_a_person_reads_are_counted()
    {
        var errors = Text.Errors(string.Concat(Enumerable.Range(0, 50_000).Select(i => $"key{i} = 1\n")));
        Assert.Equal(ConfigurationLimits.MaxConfigurationFaults + 1, errors.Length);
        Assert.Equal($"and {50_000 - ConfigurationLimits.MaxConfigurationFaults} more", errors[^1]);
    }

    [Fact]
    public void A_password_in_an_address_is_refused_and_not_repeated()
    {
        var error = Text.Error("[[camera]]\nuri = \"rtsp://admin:hunter2@10.0.0.5/x\"");
        Assert.Contains("credentials_file", error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_missing_a_folder_too_large_or_not_text_is_one_sentence()
    {
        var folder = Directory.CreateTempSubdirectory("edgeseg");
        try
        {
            string Error(string path) => Assert.Throws<OperatingException>(() => SettingsFile.Load(path, Text.NoVariables)).Message;
            var file = Path.Combine(folder.FullName, "edgeseg.toml");
            Assert.Equal($"{file} does not exist", Error(file));
            Assert.Equal($"{folder.FullName} is a folder; give the path of a file", Error(folder.FullName));
            File.WriteAllBytes(file, new byte[ConfigurationLimits.MaxConfigurationBytes + 1]);
            Assert.StartsWith($"{file} is larger than 1024 KiB", Error(file), StringComparison.Ordinal);
            File.WriteAllBytes(file, [(byte)'#', (byte)'\n', 0xC3, 0x28]);
            Assert.Equal($"{file}:2: contains bytes that are not UTF-8", Error(file));
            Assert.StartsWith("\"a\\u0000b\" cannot be read", Error("a\0b"), StringComparison.Ordinal);
            File.WriteAllText(file, "device = \"dock-7\"");
            Assert.Equal("dock-7", SettingsFile.Load(null, new Dictionary<string, string> { ["EDGESEG_CONFIG"] = file }).Device);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
