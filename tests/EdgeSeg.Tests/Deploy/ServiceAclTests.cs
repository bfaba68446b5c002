using System.Diagnostics;
using System.Text;
using EdgeSeg.EndToEnd;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Deploy;

/// <summary>
/// The published service behind a mosquitto with the shipped access list: everything that it publishes and subscribes to is allowed.
/// </summary>
public sealed class ServiceAclTests : IDisposable
{
    private const string Root = "edgeseg/v1/arm-7/";

    private readonly Scratch scratch = new();

    /// <summary>Prefixes of the topics that a device publishes, below its root; each corresponds to a line of the access list.</summary>
    private static readonly string[] written =
    [
        "status",
        "info",
        "telemetry",
        "model/state",
        "alert/",
        "cam/front/state",
        "cam/front/mask",
        "cam/front/preview",
        "cam/front/overlay",
        "cam/front/track/",
        "reply/panel",
    ];

    private string Config(AclBroker broker) =>
        scratch.Write(
            "edgeseg.toml",
            Encoding.UTF8.GetBytes(
                $"""
                device = "arm-7"
                fleet = "north"
                state_dir = "{scratch.Path}/state"
                [mqtt]
                host = "localhost"
                port = {broker.Port}
                tls = true
                ca_file = "{broker.Folder}/ca.crt"
                client_cert_file = "{broker.Folder}/arm-7.crt"
                client_key_file = "{broker.Folder}/arm-7.key"
                [telemetry]
                interval_s = 1
                [home_assistant]
                enabled = true
                [[camera]]
                id = "front"
                uri = "test:?w=320&h=240&fps=10"
                [[camera]]
                id = "lost"
                uri = "file:{scratch.Path}/unplugged.mp4"
                """
            )
        );

    /// <summary>Topics that the operator receives, one line each.</summary>
    private static (Process Process, List<string> Topics) Subscribe(AclBroker broker)
    {
        var start = Published.Start(
            "stdbuf",
            ["-oL", "mosquitto_sub", .. broker.Arguments("admin", ["-t", "edgeseg/#", "-t", "homeassistant/#", "-F", "%t %l %r"])]
        );
        start.RedirectStandardOutput = true;
        var process = Process.Start(start)!;
        List<string> topics = [];
        process.OutputDataReceived += (_, line) =>
        {
            lock (topics)
                topics.Add(line.Data ?? "");
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return (process, topics);
    }

    private static bool Has(List<string> topics, string topic)
    {
        lock (topics)
            return topics.Any(t => t.StartsWith(topic, StringComparison.Ordinal));
    }

    private static void Command(AclBroker broker, string word, string body) =>
        Assert.Equal(0, broker.Client("mosquitto_pub", "operator", "-t", $"{Root}cam/front/cmd/{word}", "-m", body).ExitCode);

    /// <summary>Runs the service, makes it publish everything that it can, and stops it once all that is awaited came.</summary>
    /// <param name="broker">With the access list.</param>
    /// <param name="awaited">Topics that the operator must receive.</param>
    /// <param name="inLog">What the broker must have written besides.</param>
    private async Task<(string Journal, string[] ReceivedMessage)> RunAsync(
        AclBroker broker,
        IEnumerable<string> awaited,
        string inLog = ""
    )
    {
        var (operators, topics) = Subscribe(broker);
        using var service = Process.Start(Published.Start(Published.Binary, ["run", "--config", Config(broker)]))!;
        var journal = service.StandardError.ReadToEndAsync();
        try
        {
            await Wait.UntilAsync(() => Has(topics, Root + "status"), "the status is received");
            Command(broker, "auto", """{"v":1,"id":"a","reply_to":"panel"}""");
            Command(broker, "snapshot", """{"v":1,"id":"b","reply_to":"panel"}""");
            Command(broker, "follow", """{"v":1,"id":"c","reply_to":"panel","points":[[160,120]]}""");
            foreach (var end in awaited)
                await Wait.UntilAsync(() => Has(topics, Root + end), $"{end} is received");
            await Wait.UntilAsync(() => broker.Log.Contains(inLog, StringComparison.Ordinal), $"'{inLog}' is in the broker's log");
            Assert.Equal(0, Signals.Send(service.Id, Signals.Terminate));
            await service.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
            var said = await journal;
            lock (topics)
                return (said, [.. topics]);
        }
        finally
        {
            if (!service.HasExited)
                service.Kill();
            operators.Kill();
            operators.Dispose();
        }
    }

    [Fact]
    public async Task Nothing_that_the_service_does_is_refused()
    {
        using var broker = await AclBroker.StartOrSkipAsync(["arm-7", "admin"]);
        var (journal, received) = await RunAsync(broker, written);
        Assert.DoesNotContain("refuse", journal, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Denied", broker.Log, StringComparison.Ordinal);
        // an empty message, of length 0, clears what a former session left
        Assert.DoesNotContain(
            received,
            t => t.StartsWith(Root + "alert/broker-refused ", StringComparison.Ordinal) && !t.Contains(" 0 ", StringComparison.Ordinal)
        );
        Assert.Contains("homeassistant/device/edgeseg-arm-7/config", broker.Log, StringComparison.Ordinal);

        // what is left is cleared by an administrator, as for a dead robot
        var (code, output, errors) = Published.Run(
            Published.Binary,
            [
                "retire",
                "--device",
                "arm-7",
                "--host",
                "localhost",
                "--port",
                $"{broker.Port}",
                "--tls",
                "--ca-file",
                $"{broker.Folder}/ca.crt",
                "--cert-file",
                $"{broker.Folder}/admin.crt",
                "--key-file",
                $"{broker.Folder}/admin.key",
            ]
        );
        Assert.True(code == 0, errors);
        Assert.Contains(Root + "status", output, StringComparison.Ordinal);
        Assert.Contains("homeassistant/device/edgeseg-arm-7/config", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Denied", broker.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pattern write edgeseg/v1/%u/cam/+/state")]
    [InlineData("pattern write edgeseg/v1/%u/cam/+/overlay")]
    public async Task A_line_that_the_list_lacks_is_noticed(string line)
    {
        using var broker = await AclBroker.StartOrSkipAsync(
            ["arm-7", "admin"],
            text => text.Replace(line + "\n", "", StringComparison.Ordinal)
        );
        await RunAsync(broker, ["cam/front/mask", "reply/panel"], "Denied PUBLISH");
    }

    public void Dispose() => scratch.Dispose();
}
