using System.Net;
using EdgeSeg.Capture;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Configuration;

/// <summary>Rules across several keys. A rule is not checked when a key that it reads has an error already.</summary>
internal sealed class SettingsRules(Settings settings, Binder binder, Faults faults, Origin fallback)
{
    public void Check()
    {
        Mqtt(settings.Mqtt);
        if (settings.Console.Enabled)
            Console(settings.Console, settings.Mqtt);
        if (settings is { Mqtt.IsEmbedded: true, Console.IsListening: true })
            Ports(settings.Console, settings.Mqtt);
        for (var i = 0; i < settings.Cameras.Count; i++)
            Camera(settings.Cameras[i], $"camera[{i}]", i);
        Gpio(settings.Trigger);
    }

    private void Mqtt(MqttSettings m)
    {
        if (m.IsEmbedded)
        {
            if (!IsLoopback(m.Bind) && m.PasswordFile.Length == 0)
            {
                Refuse(
                    $"the embedded broker listens beyond this machine ({m.Bind}) only with mqtt.username and mqtt.password_file set",
                    "mqtt.bind",
                    "mqtt.password_file",
                    "mqtt.username",
                    "mqtt.host"
                );
            }

            if (m.Tls)
                Refuse(
                    "the embedded broker has no TLS: set mqtt.host to an external broker, or mqtt.tls to false",
                    "mqtt.tls",
                    "mqtt.host"
                );
        }

        if (m.PasswordFile.Length > 0 && m.Username.Length == 0)
            Refuse("a password requires mqtt.username", "mqtt.password_file", "mqtt.username");
        if (m.ClientCertFile.Length > 0 != m.ClientKeyFile.Length > 0)
        {
            Refuse(
                "a client certificate requires both mqtt.client_cert_file and mqtt.client_key_file",
                m.ClientCertFile.Length > 0 ? "mqtt.client_cert_file" : "mqtt.client_key_file",
                "mqtt.client_cert_file",
                "mqtt.client_key_file"
            );
        }

        if (!m.Tls && m.CaFile.Length > 0)
            Refuse("has an effect only with mqtt.tls = true", "mqtt.ca_file", "mqtt.tls");
        if (!m.Tls && m.ClientCertFile.Length > 0)
            Refuse("has an effect only with mqtt.tls = true", "mqtt.client_cert_file", "mqtt.tls");
    }

    /// <summary>Two listeners of this process.</summary>
    private void Ports(ConsoleSettings c, MqttSettings m)
    {
        if (c.Port == m.EffectivePort && (c.Bind == m.Bind || IsEveryAddress(c.Bind) || IsEveryAddress(m.Bind)))
            Refuse(
                $"port {c.Port} is that of the embedded broker too (mqtt.port): set another one",
                "console.port",
                "mqtt.port",
                "mqtt.bind",
                "console.bind"
            );
    }

    private static bool IsEveryAddress(string bind) =>
        IPAddress.TryParse(bind, out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));

    private void Console(ConsoleSettings c, MqttSettings m)
    {
        if (!m.IsEmbedded && c.BrokerUrl.Length == 0)
        {
            Refuse(
                $"with the broker {m.Host} the page needs the WebSocket address of that broker: set console.broker_url, for example "
                    + $"\"ws://{m.Host}:9001/\"",
                "console.enabled",
                "console.broker_url",
                "mqtt.host"
            );
        }
        else if (m.IsEmbedded && c.BrokerUrl.Length > 0)
        {
            Refuse("has an effect only with an external broker (mqtt.host)", "console.broker_url", "mqtt.host");
        }
        // with an external broker the listener gives no access: that broker asks for user and password itself
        else if (m.IsEmbedded && !IsLoopback(c.Bind) && m.PasswordFile.Length == 0)
        {
            Refuse(
                $"the console listens beyond this machine ({c.Bind}) only with mqtt.username and mqtt.password_file set",
                "console.bind",
                "mqtt.password_file",
                "mqtt.username"
            );
        }
    }

    private static bool IsLoopback(string address) => IPAddress.IsLoopback(IPAddress.Parse(address));

    private void Camera(CameraSettings c, string path, int index)
    {
        for (var j = 0; j < index; j++)
        {
            var other = settings.Cameras[j];
            if (other.Id == c.Id)
                Refuse($"camera {j} has the id {Value.Quote(c.Id)} too; give each camera its own", $"{path}.id", $"camera[{j}].id");
            if (other.Uri == c.Uri && c.Kind == CameraKind.V4l2)
                Refuse($"camera {j} reads {c.Uri} too; a device can be opened once", $"{path}.uri", $"camera[{j}].uri");
        }

        Pipe(c, path);
        if (c.CredentialsFile.Length > 0 && !CameraUri.IsNetwork(c.Kind))
            Refuse("only rtsp and http cameras have credentials", $"{path}.credentials_file", $"{path}.uri");
        if (c.Width > 0 != c.Height > 0)
            Refuse(
                "set both width and height, or neither",
                c.Width > 0 ? $"{path}.width" : $"{path}.height",
                $"{path}.width",
                $"{path}.height"
            );
        if (c.MaxFps is > 0 and < ConfigurationLimits.MinMaxFps)
            Refuse($"must be 0 (unlimited), or {ConfigurationLimits.MinMaxFps} or more; see interval_s", $"{path}.max_fps");
        if (c is { Crop: { } crop, Roi: { } roi } && (roi.X + roi.Width > crop.Width || roi.Y + roi.Height > crop.Height))
            Refuse(
                $"the region is outside the published picture, which is {crop.Width}x{crop.Height} after the crop",
                $"{path}.roi",
                $"{path}.crop"
            );
        if (c.Mode == CameraMode.OnTrigger && !settings.Trigger.Enabled)
        {
            Refuse(
                "no trigger is configured: set trigger.gpio.enabled = true, or mode = \"on_command\" for requests over MQTT",
                $"{path}.mode",
                "trigger.gpio.enabled"
            );
        }
    }

    private void Pipe(CameraSettings c, string path)
    {
        // these streams carry their size
        if (
            c.Kind == CameraKind.Pipe
            && c.PipeFormat is not (PipeFormat.Y4m or PipeFormat.Mjpeg)
            && Math.Min(c.PipeWidth, c.PipeHeight) < PictureBounds.MinSide
        )
        {
            Refuse(
                $"a pipe requires pipe_width and pipe_height, at least {PictureBounds.MinSide} each, or pipe_format = \"y4m\" or \"mjpeg\"",
                $"{path}.uri",
                $"{path}.pipe_width",
                $"{path}.pipe_height",
                $"{path}.pipe_format"
            );
        }

        if (c.PipeFormat is PipeFormat.Nv12 or PipeFormat.I420 or PipeFormat.Yuyv && (c.PipeWidth % 2 != 0 || c.PipeHeight % 2 != 0))
            Refuse(
                "this format requires an even pipe_width and pipe_height",
                $"{path}.pipe_format",
                $"{path}.pipe_width",
                $"{path}.pipe_height"
            );
    }

    private void Gpio(GpioTriggerSettings g)
    {
        List<(string Path, string Line)> lines = [];
        if (g.Enabled)
        {
            if (g.Line.Length == 0)
                Refuse("a trigger requires trigger.gpio.line", "trigger.gpio.enabled", "trigger.gpio.line");
            else
                lines.Add(("trigger.gpio.line", $"{g.Chip} {g.Line}"));
            if (g.Camera.Length > 0 && settings.Cameras.All(c => c.Id != g.Camera))
                Refuse($"unknown camera {Value.Quote(g.Camera)}", "trigger.gpio.camera");
        }

        (string, OutputSettings)[] outputs =
        [
            ("output.busy.line", settings.Busy),
            ("output.result.line", settings.Result),
            ("output.fault.line", settings.Fault),
        ];
        foreach (var (path, output) in outputs)
        {
            if (output.Line.Length == 0)
                continue;
            var line = $"{output.Chip} {output.Line}";
            var taken = lines.FirstOrDefault(l => l.Line == line).Path;
            if (taken is not null)
                Refuse($"{taken} uses this line too", path, taken);
            lines.Add((path, line));
        }
    }

    /// <summary>Reports the first key, at the place of the first key that was set, else at the table in which it is missing.</summary>
    private void Refuse(string why, params string[] paths)
    {
        if (paths.Any(faults.Concerns))
            return;
        var origin =
            paths.Select(binder.OriginOf).FirstOrDefault(o => o is not null)
            ?? binder.OriginOf(paths[0][..Math.Max(paths[0].LastIndexOf('.'), 0)])
            ?? fallback;
        faults.Add(origin, $"{paths[0]}: {why}");
    }
}
