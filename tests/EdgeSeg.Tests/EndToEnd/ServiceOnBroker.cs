using System.Diagnostics;
using System.Text;
using System.Text.Json;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using MQTTnet;
using MQTTnet.Protocol;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>The published service as robot-7 on a mosquitto of its own, with an operator who listens and asks.</summary>
internal sealed class ServiceOnBroker : IAsyncDisposable
{
    public const string Root = "edgeseg/v1/robot-7/";
    private const string ReplyTopic = Root + "reply/operator";

    private readonly Mosquitto broker;
    private Process? process;

    private ServiceOnBroker(Mosquitto broker, Listener listener) => (this.broker, Listener) = (broker, listener);

    /// <summary>Folder for the settings and what a test needs besides.</summary>
    public Scratch Scratch { get; } = new();

    /// <summary>What is published.</summary>
    public Listener Listener { get; }

    /// <summary>The settings file of the last <see cref="Start"/>.</summary>
    public string Config { get; private set; } = "";

    /// <summary>The service of the last <see cref="Start"/>.</summary>
    public Process Process => process ?? throw new InvalidOperationException("the service was not started");

    /// <summary>Starts the broker and listens; skips the test where there is no mosquitto.</summary>
    /// <param name="filter">Topics to listen to.</param>
    public static async Task<ServiceOnBroker> CreateAsync(string filter = "edgeseg/#")
    {
        var broker = await Mosquitto.StartOrSkipAsync();
        return new ServiceOnBroker(broker, await Listener.StartAsync(broker.Port, filter));
    }

    /// <summary>Starts the service, after one that was ended.</summary>
    /// <param name="tables">TOML tables besides [mqtt].</param>
    /// <param name="keys">TOML keys above all tables.</param>
    public void Start(string tables, string keys = "")
    {
        var settings = $"""
            device = "robot-7"
            {keys}
            [mqtt]
            host = "127.0.0.1"
            port = {broker.Port}
            {tables}
            """;
        Config = Scratch.Write("edgeseg.toml", Encoding.UTF8.GetBytes(settings));
        process?.Dispose();
        process = Process.Start(Published.Start(Published.Binary, ["run", "--config", Config]))!;
    }

    /// <summary>Ends the service as a power cut does.</summary>
    public async Task KillAsync()
    {
        Process.Kill();
        await Process.WaitForExitAsync();
    }

    /// <summary>Sends a command to a camera.</summary>
    public Task SendAsync(string word, string body, bool retain = false, string camera = "front") =>
        Listener.Client.PublishAsync(
            new MqttApplicationMessageBuilder()
                .WithTopic($"{Root}cam/{camera}/cmd/{word}")
                .WithPayload(body)
                .WithResponseTopic(ReplyTopic)
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                .WithRetainFlag(retain)
                .Build()
        );

    /// <summary>Sends a command whose body holds the id, and waits for its last reply, which keeps to its schema.</summary>
    public async Task<JsonElement> AskAsync(string word, string body, string id, string camera = "front")
    {
        await SendAsync(word, body, camera: camera);
        string? Answer() => Replies(id).FirstOrDefault(r => !r.Contains("\"reply\":\"accepted\"", StringComparison.Ordinal));
        await Wait.UntilAsync(() => Answer() is not null, $"{id} is answered");
        Assert.Empty(AsyncApi.Load().Errors("Reply", Answer()!));
        return JsonDocument.Parse(Answer()!).RootElement;
    }

    /// <summary>The replies to a request, in order.</summary>
    public IEnumerable<string> Replies(string id) => Texts(ReplyTopic, id);

    /// <summary>The masks that a request brought.</summary>
    public IEnumerable<string> MasksOf(string id) => Texts(Root + "cam/front/mask", id);

    private IEnumerable<string> Texts(string topic, string id) =>
        Listener.All.Where(h => h.Topic == topic && h.Text.Contains($"\"request\":\"{id}\"", StringComparison.Ordinal)).Select(h => h.Text);

    public async ValueTask DisposeAsync()
    {
        process?.Kill();
        process?.Dispose();
        await Listener.DisposeAsync();
        await broker.DisposeAsync();
        Scratch.Dispose();
    }
}
