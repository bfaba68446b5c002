using System.Net;
using System.Net.Sockets;
using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Health;

/// <summary>The doctor's check of the broker: nothing that would stop the service is ok, and each finding names its reason.</summary>
public sealed class BrokerCheckTests : IDisposable
{
    private static readonly Topics topics = new("robot-7", []);
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    private static Check Examine(string toml, ConsoleSettings? console = null)
    {
        var settings = SettingsFile.Parse("edgeseg.toml", Encoding.UTF8.GetBytes("[mqtt]\n" + toml), new Dictionary<string, string>());
        var discovery = HomeAssistantMessage.Topic("homeassistant", topics.Device);
        return BrokerCheck.Examine(settings.Mqtt, topics, [topics.AllCommands], console ?? settings.Console, discovery);
    }

    private static void Failed(Check check, params string[] parts)
    {
        Assert.True(check.State == CheckState.Failed, $"{check.State}: {check.Finding}");
        foreach (var part in parts)
            Assert.Contains(part, check.Finding, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", check.Finding, StringComparison.Ordinal);
        Assert.DoesNotContain("task was canceled", check.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_accepts_everything_is_ok_and_one_that_is_not_there_is_not()
    {
        int port;
        await using (var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0))
        {
            port = broker.Port;
            var check = Examine($"host = \"127.0.0.1\"\nport = {port}");
            Assert.True(check.State == CheckState.Ok, check.Finding);
        }

        Failed(Examine($"host = \"127.0.0.1\"\nport = {port}"), "no server listens");
        Failed(Examine("host = \"no-such-host.invalid\""), "host name");
    }

    [Fact]
    public async Task A_wrong_password_and_a_missing_secret_file_are_named()
    {
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0, "robot", "right");
        var file = scratch.Write("password", "wrong\r\n"u8.ToArray());
        var keys = $"host = \"127.0.0.1\"\nport = {broker.Port}\nusername = \"robot\"\npassword_file = ";
        Failed(Examine(keys + $"\"{file}\""), "rejects the user name or password", "mqtt.password_file");
        Failed(Examine(keys + $"\"{file}-absent\""), $"mqtt.password_file: {file}-absent does not exist");
        scratch.Write("password", "right\r\n"u8.ToArray());
        var check = Examine(keys + $"\"{file}\"");
        Assert.True(check.State == CheckState.Ok, check.Finding);
    }

    [Fact]
    public void A_server_that_is_no_broker_is_named()
    {
        using var http = new TcpListener(IPAddress.Loopback, 0);
        http.Start();
        var port = ((IPEndPoint)http.LocalEndpoint).Port;
        _ = Task.Run(async () =>
        {
            while (true)
            {
                using var client = await http.AcceptTcpClientAsync();
                await client.GetStream().ReadAtLeastAsync(new byte[10], 10);
                await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
            }
        });
        Failed(Examine($"host = \"127.0.0.1\"\nport = {port}\nconnect_timeout_s = 5"), "without an MQTT answer");
    }

    [Theory]
    [InlineData("unknown", "unknown authority", "CN=edgeseg test authority")]
    [InlineData("expired", "expired on", "today is")]
    [InlineData("name", "wrong name", "'broker.test'", "'localhost'")]
    [InlineData("ca", "contains no certificate")]
    public async Task Each_fault_of_a_certificate_has_its_own_sentence(string fault, params string[] parts)
    {
        using var keys = new TestAuthority(fault == "name" ? "broker.test" : "localhost", isExpired: fault == "expired");
        using var others = new TestAuthority();
        await using var broker = await Mosquitto.StartOrSkipAsync(
            $"cafile {keys.AuthorityFile}\ncertfile {keys.ServerFile}\nkeyfile {keys.ServerKeyFile}"
        );
        var authority = fault switch
        {
            "unknown" => others.AuthorityFile,
            "ca" => scratch.Write("not-pem", "hello\n"u8.ToArray()),
            _ => keys.AuthorityFile,
        };
        Failed(Examine($"host = \"localhost\"\nport = {broker.Port}\ntls = true\nca_file = \"{authority}\""), parts);
    }

    [Fact]
    public async Task Tls_to_a_plain_port_and_a_missing_client_certificate_are_named()
    {
        using var keys = new TestAuthority("localhost");
        await using (var plain = await Mosquitto.StartOrSkipAsync())
            Failed(Examine($"host = \"localhost\"\nport = {plain.Port}\ntls = true\nca_file = \"{keys.AuthorityFile}\""), "TLS");
        await using var broker = await Mosquitto.StartOrSkipAsync(
            $"cafile {keys.AuthorityFile}\ncertfile {keys.ServerFile}\nkeyfile {keys.ServerKeyFile}\nrequire_certificate true"
        );
        Failed(Examine($"host = \"localhost\"\nport = {broker.Port}\ntls = true\nca_file = \"{keys.AuthorityFile}\""), "certificate");
    }

    [Fact]
    public void A_port_of_the_embedded_broker_that_another_program_has_is_not_ok()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        Failed(Examine($"port = {port}"), "another program listens there");
        Failed(Examine("port = 0", new ConsoleSettings { Enabled = true, Port = port }), "console", "another program");
    }

    [Fact]
    public async Task A_port_of_the_console_or_the_metrics_that_another_program_has_is_not_ok_with_an_external_broker()
    {
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var console = new ConsoleSettings { Metrics = true, Port = ((IPEndPoint)other.LocalEndpoint).Port };
        var keys = $"host = \"127.0.0.1\"\nport = {broker.Port}";
        Failed(Examine(keys, console), "metrics", "another program");
    }

    [Theory]
    [InlineData("retain_available false", "5", "retained")]
    [InlineData("max_packet_size 300", "5", "300 bytes")]
    public async Task A_broker_that_cannot_carry_what_the_service_sends_is_not_ok(string line, string protocol, string part)
    {
        await using var broker = await Mosquitto.StartOrSkipAsync(line);
        Failed(Examine($"host = \"127.0.0.1\"\nport = {broker.Port}\nprotocol = \"{protocol}\""), part);
    }

    [Theory]
    [InlineData("pattern write edgeseg/v1/%u/status", "edgeseg/v1/robot-7/status")]
    [InlineData("pattern write edgeseg/v1/%u/info", "edgeseg/v1/robot-7/info")]
    [InlineData("pattern write edgeseg/v1/%u/model/state", "edgeseg/v1/robot-7/model/state")]
    [InlineData("pattern write edgeseg/v1/%u/alert/+", "edgeseg/v1/robot-7/alert/doctor")]
    [InlineData("pattern write edgeseg/v1/%u/cam/+/state", "edgeseg/v1/robot-7/cam/doctor/state")]
    [InlineData("pattern write edgeseg/v1/%u/cam/+/mask", "edgeseg/v1/robot-7/cam/doctor/mask")]
    [InlineData("pattern write edgeseg/v1/%u/cam/+/track/+", "edgeseg/v1/robot-7/cam/doctor/track/doctor")]
    [InlineData("pattern write edgeseg/v1/%u/cam/+/preview", "edgeseg/v1/robot-7/cam/doctor/preview")]
    [InlineData("pattern write edgeseg/v1/%u/cam/+/overlay", "edgeseg/v1/robot-7/cam/doctor/overlay")]
    [InlineData("pattern write edgeseg/v1/%u/reply/#", "edgeseg/v1/robot-7/reply/doctor")]
    [InlineData("pattern readwrite homeassistant/device/edgeseg-%u/config", "homeassistant/device/edgeseg-robot-7/config", "read")]
    [InlineData("", "")]
    public async Task A_line_that_the_access_list_lacks_is_found(string line, string refused, string instead = "")
    {
        var list = await File.ReadAllTextAsync(Repository.PathOf("deploy/mosquitto/edgeseg.acl"), TestContext.Current.CancellationToken);
        Assert.Contains(line, list, StringComparison.Ordinal);
        var file = scratch.Write(
            "acl",
            Encoding.UTF8.GetBytes(
                line.Length == 0
                    ? list
                    : list.Replace(
                        line + "\n",
                        instead.Length == 0 ? "" : line.Replace("readwrite", instead, StringComparison.Ordinal) + "\n",
                        StringComparison.Ordinal
                    )
            )
        );
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
        await using var broker = await Mosquitto.StartOrSkipAsync(
            $"acl_file {file}" + (Environment.IsPrivilegedProcess ? "\nuser root" : "")
        );
        var check = Examine($"host = \"127.0.0.1\"\nport = {broker.Port}\nusername = \"robot-7\"");
        if (line.Length == 0)
            Assert.True(check.State == CheckState.Ok, check.Finding);
        else
            Failed(check, $"publishing to {refused} is refused: not authorized");
        Assert.Equal(line.Length == 0 ? 0 : 1, check.Finding.Split("is refused").Length - 1);
    }

    [Fact]
    public async Task The_check_leaves_the_retained_topics_as_they_are()
    {
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        await using var listener = await Listener.StartAsync(broker.Port);
        using var client = new MQTTnet.MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(
            new MQTTnet.MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", broker.Port).Build(),
            TestContext.Current.CancellationToken
        );
        await MQTTnet.MqttClientExtensions.PublishStringAsync(
            client,
            topics.Status,
            """{"state":"online"}""",
            retain: true,
            cancellationToken: TestContext.Current.CancellationToken
        );
        await listener.UntilAsync("the status", h => h.State == "online");
        var check = Examine($"host = \"127.0.0.1\"\nport = {broker.Port}\nprotocol = \"3.1.1\"");
        Assert.True(check.State == CheckState.Ok, check.Finding);
        Assert.Contains("does not say which messages", check.Finding, StringComparison.Ordinal);
        await using var later = await Listener.StartAsync(broker.Port);
        await later.UntilAsync("the status", h => h.State == "online");
        Assert.Equal([topics.Status], later.All.Where(h => h.Topic.StartsWith(topics.Root, StringComparison.Ordinal)).Select(h => h.Topic));
    }

    [Fact]
    public async Task A_port_that_the_running_service_of_this_device_has_is_ok()
    {
        await using var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        await using var link = new MqttLink(
            new LinkOptions
            {
                Host = "127.0.0.1",
                Port = broker.Port,
                Topics = topics,
                Session = Samples.Session,
            },
            TimeProvider.System,
            _ => { }
        );
        link.Start();
        await Wait.UntilAsync(() => link.Stats.Sent > 0, "the status is retained");
        var check = Examine($"port = {broker.Port}");
        Assert.True(check.State == CheckState.Ok, check.Finding);
    }

    [Fact]
    public void A_state_folder_that_is_a_file_or_below_one_fails()
    {
        var file = scratch.Write("state", "x"u8.ToArray());
        Failed(SystemChecks.Disk(file), "is a file");
        Failed(SystemChecks.Disk(Path.Combine(file, "deeper")), "is a file");
        Assert.NotEqual(CheckState.Failed, SystemChecks.Disk(scratch.Path).State);
        Assert.Empty(Directory.GetFiles(scratch.Path, ".edgeseg*"));
    }
}
