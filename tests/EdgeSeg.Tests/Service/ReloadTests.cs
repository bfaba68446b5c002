using System.Text.Json.Nodes;
using EdgeSeg.Configuration;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Service;

/// <summary>Reloads of the whole service in this process, beside a real broker.</summary>
public sealed class ReloadTests : IAsyncLifetime
{
    private const string Root = "edgeseg/v1/robot-7/";

    private readonly Scratch scratch = new();
    private readonly StringWriter lines = new();
    private readonly CancellationTokenSource stop = new();
    private readonly ServiceNotifier notifier = new(null, null, TimeProvider.System);
    private Mosquitto broker = null!;
    private Listener listener = null!;
    private string toml = "";
    private Func<Settings> load = null!;
    private ServiceRunner runner = null!;
    private Task<int> running = null!;

    public async ValueTask InitializeAsync()
    {
        broker = await Mosquitto.StartOrSkipAsync();
        listener = await Listener.StartAsync(broker.Port);
        var graph = OnnxGraph.SqueezeSam(32, 32, new float[16], [1], new float[16], 4, 4);
        toml = $"""
            device = "robot-7"
            state_dir = "{scratch.Path}/state"
            [mqtt]
            host = "127.0.0.1"
            port = {broker.Port}
            [model]
            dir = "{OnnxGraph.Bundle(graph.ToBytes(), Path.Combine(scratch.Path, "bundle"))}"
            [[camera]]
            id = "front"
            uri = "test:?w=64&h=48&fps=20"

            """;
        load = () => Text.Parse(toml);
        runner = new ServiceRunner(
            () => load(),
            new Journal(LogLevel.Info, TimeProvider.System, TextWriter.Synchronized(lines)),
            notifier,
            TimeProvider.System
        );
        running = runner.RunAsync(load(), stop.Token);
        await listener.UntilAsync("a mask", h => h.Topic == Root + "cam/front/mask");
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (running is not null)
            Assert.Equal(ExitCode.Ok, await running);
        if (listener is not null)
            await listener.DisposeAsync();
        if (broker is not null)
            await broker.DisposeAsync();
        notifier.Dispose();
        stop.Dispose();
        await lines.DisposeAsync();
        scratch.Dispose();
    }

    private string Session => JsonNode.Parse(listener.All.Last(h => h.Topic == Root + "info").Text)!["session"]!.GetValue<string>();

    [Theory]
    [InlineData("username = \"u\"\npassword_file = \"/nowhere/broker.password\"", "", "/nowhere/broker.password")]
    [InlineData("tls = true\nca_file = \"/nowhere/ca.pem\"", "", "/nowhere/ca.pem")]
    [InlineData("", "credentials_file = \"/nowhere/camera.secret\"", "/nowhere/camera.secret")]
    public async Task Settings_whose_files_are_missing_are_refused_and_the_service_continues(string mqtt, string camera, string named)
    {
        var uri = camera.Length > 0 ? "rtsp://127.0.0.1:1/x" : "test:?w=64&h=48&fps=20";
        await Refused(
            toml.Replace("[model]", mqtt + "\n[model]", StringComparison.Ordinal)
                .Replace("test:?w=64&h=48&fps=20", uri, StringComparison.Ordinal) + camera,
            named
        );
    }

    [Theory]
    [InlineData("ca_file = \"/nowhere/update-ca.pem\"", "/nowhere/update-ca.pem")]
    [InlineData("authorization_file = \"/nowhere/update.secret\"", "/nowhere/update.secret")]
    public async Task Files_of_the_update_server_that_are_missing_are_refused(string update, string named) =>
        await Refused(toml.Replace("[[camera]]", $"[update]\n{update}\n[[camera]]", StringComparison.Ordinal), named);

    [Fact]
    public async Task A_model_that_is_not_there_is_refused() =>
        await Refused(toml.Replace("/bundle", "/no-bundle", StringComparison.Ordinal), "no-bundle");

    [Fact]
    public async Task A_port_that_is_taken_is_refused() =>
        await Refused(toml.Replace("127.0.0.1", "embedded", StringComparison.Ordinal), $"127.0.0.1:{broker.Port}");

    [Fact]
    public async Task Settings_that_do_not_parse_are_refused() => await Refused(toml + "no_such_key = 1\n", "no_such_key");

    [Fact]
    public async Task An_error_that_is_not_expected_is_a_refusal_too()
    {
        var read = load;
        load = () => throw new InvalidOperationException("an error of the program");
        await Refused(toml, "not known");
        Assert.Contains("an error of the program", lines.ToString(), StringComparison.Ordinal);
        load = read;
    }

    [Fact]
    public async Task A_key_of_an_update_that_leads_nowhere_is_refused()
    {
        var keys = Directory.CreateDirectory(Path.Combine(scratch.Path, "keys")).FullName;
        File.CreateSymbolicLink(Path.Combine(keys, "lost.pem"), "/nowhere/lost.pem");
        await Refused(toml.Replace("[[camera]]", $"[update]\nkeys_dir = \"{keys}\"\n[[camera]]", StringComparison.Ordinal), "lost.pem");
    }

    [Theory]
    [InlineData("/proc/edgeseg-state")]
    [InlineData("/etc/passwd/state")]
    public async Task A_state_folder_that_cannot_be_made_is_refused(string folder) =>
        await Refused(toml.Replace($"{scratch.Path}/state", folder, StringComparison.Ordinal), "state_dir");

    [Fact]
    public async Task A_second_service_on_the_same_state_folder_does_not_start()
    {
        var second = Text.Parse(toml.Replace("robot-7", "robot-8", StringComparison.Ordinal));
        using var quiet = new StringWriter();
        var journal = new Journal(LogLevel.Info, TimeProvider.System, quiet);
        var other = new ServiceRunner(() => second, journal, notifier, TimeProvider.System);
        var refusal = await Assert.ThrowsAsync<OperatingException>(() => other.RunAsync(second, stop.Token));
        Assert.Contains("another edgeseg run uses the state_dir", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Good_settings_come_into_force_and_end_the_refusal()
    {
        await Refused(toml + "no_such_key = 1\n", "no_such_key");
        var before = Session;
        toml = toml.Replace("no_such_key = 1\n", "max_fps = 5\n", StringComparison.Ordinal);
        runner.RequestReload();
        await Wait.UntilAsync(() => Session != before, "another session is announced");
        await listener.UntilAsync("the end of the alert", h => h.Topic == Root + "alert/settings-refused" && h.Text.Length == 0);
        Assert.Contains("in force", lines.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_was_changed_is_read_again()
    {
        var secret = scratch.Write("broker.password", "first\n"u8.ToArray());
        toml = toml.Replace("[model]", $"username = \"u\"\npassword_file = \"{secret}\"\n[model]", StringComparison.Ordinal);
        var before = Session;
        runner.RequestReload();
        await Wait.UntilAsync(() => Session != before, "another session is announced");
        File.Delete(secret);
        runner.RequestReload();
        await Wait.UntilAsync(() => lines.ToString().Contains("refused", StringComparison.Ordinal), "the missing secret is seen");
    }

    private async Task Refused(string settings, string named)
    {
        var (before, masks) = (Session, listener.All.Count(IsMask));
        toml = settings;
        runner.RequestReload();
        await listener.UntilAsync(
            "the refusal",
            h => h.Topic == Root + "alert/settings-refused" && h.Text.Contains(named, StringComparison.Ordinal)
        );
        Assert.Contains("the new settings were refused", lines.ToString(), StringComparison.Ordinal);
        await Wait.UntilAsync(() => listener.All.Count(IsMask) > masks + 3, "masks still come");
        Assert.Equal(before, Session);
    }

    private static bool IsMask(ReceivedMessage received) => received.Topic == Root + "cam/front/mask";
}
