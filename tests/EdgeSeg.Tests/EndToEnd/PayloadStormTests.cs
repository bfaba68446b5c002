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

/// <summary>
/// The published service under 10^5 invalid payloads (a tenth of them here, all in <c>./build.sh soak</c>), with sound
/// requests in between, through a real mosquitto.
/// </summary>
public sealed class PayloadStormTests(ITestOutputHelper output)
{
    private const string Root = "edgeseg/v1/robot-7/";
    private const string ReplyTopic = Root + "reply/operator";

    /// <summary>
    /// Growth of resident memory that counts as none: the kept answers, the held frames, and what an allocator
    /// moves.
    /// </summary>
    private const long FlatBytes = 48 << 20;

    private static Process Start(Scratch scratch, int port)
    {
        var settings = Encoding.UTF8.GetBytes(
            $"""
            device = "robot-7"
            [mqtt]
            host = "127.0.0.1"
            port = {port}
            [[camera]]
            id = "front"
            uri = "test:?w=320&h=240&fps=15"
            mode = "on_command"
            """
        );
        return Process.Start(Published.Start(Published.Binary, ["run", "--config", scratch.Write("edgeseg.toml", settings)]))!;
    }

    [Fact]
    public async Task Many_bad_payloads_leave_the_service_running_and_every_valid_request_is_answered_once()
    {
        var rounds = Stress.Rounds(100_000);
        // the broker is not to drop any of it
        await using var broker = await Mosquitto.StartOrSkipAsync("max_queued_messages 0");
        await using var listener = await Listener.StartAsync(broker.Port, Root + "#");
        using var scratch = new Scratch();
        using var process = Start(scratch, broker.Port);
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await listener.UntilAsync("it streams", h => h.Topic == Root + "cam/front/state" && h.State == "streaming");
            var random = new Random(20261124);
            await Ask(listener, "sound-first");
            await Storm(listener, random, 0, rounds / 10, 0);
            var before = Resident(process);
            var asked = await Storm(listener, random, rounds / 10, rounds, rounds / 50);
            await Ask(listener, "sound-last");
            var after = Resident(process);
            var received = listener.All.Where(h => h.Topic == ReplyTopic).Select(h => JsonDocument.Parse(h.Text).RootElement).ToArray();
            output.WriteLine(
                $"{rounds} bad payloads, {asked + 2} sound requests, {received.Length} replies; "
                    + $"resident {before >> 20} then {after >> 20} MiB"
            );
            Assert.False(process.HasExited, "the service has ended");
            Assert.InRange(after - before, long.MinValue, FlatBytes);
            foreach (var id in received.Select(Id).Where(i => i?.StartsWith("sound", StringComparison.Ordinal) == true).Distinct())
                Assert.Equal(
                    ["accepted", "result"],
                    received.Where(h => Id(h) == id).Select(h => h.GetProperty("reply").GetString()).Where(r => r != "error")
                );
            Assert.All(
                received.Where(h => Id(h)?.StartsWith("bad", StringComparison.Ordinal) == true),
                h => Assert.Equal("error", h.GetProperty("reply").GetString())
            );
            Assert.DoesNotContain(
                listener.All,
                h => h.Topic == Root + "cam/front/mask" && h.Text.Contains("\"request\":\"bad", StringComparison.Ordinal)
            );
            Assert.Equal(0, Signals.Send(process.Id, Signals.Terminate));
            await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
            Assert.True(process.ExitCode == 0, await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    /// <summary>
    /// Bad payloads, and every <paramref name="each"/> of them a sound request whose answer is waited for. Returns how many sound ones.
    /// </summary>
    private static async Task<int> Storm(Listener listener, Random random, int from, int to, int each)
    {
        var asked = 0;
        for (var i = from; i < to; i++)
        {
            var (word, payload, retain) = BadCommands.Next(random, i);
            await Send(listener, word, payload, retain);
            if (each > 0 && i % each == 0)
                await Ask(listener, $"sound-{asked++}");
        }

        // one megabyte more than the largest packet announced to the broker, ten times
        await Send(listener, "click", new byte[10 << 20], retain: false);
        return asked;
    }

    private static async Task Ask(Listener listener, string id)
    {
        var since = Stopwatch.GetTimestamp();
        // busy is a fair answer while mutated payloads that are sound by chance are worked off; the same request may then be sent again
        while (
            !listener.All.Any(h =>
                h.Topic == ReplyTopic
                && h.Text.Contains($"\"request\":\"{id}\"", StringComparison.Ordinal)
                && h.Text.Contains("\"reply\":\"result\"", StringComparison.Ordinal)
            )
        )
        {
            Assert.True(Stopwatch.GetElapsedTime(since).TotalSeconds < 2 * Wait.LimitS, $"{id} is not answered");
            await Send(listener, "click", Encoding.UTF8.GetBytes($$"""{"v":1,"id":"{{id}}","points":[[160,120]]}"""), retain: false);
            var before = listener.All.Count;
            await Wait.UntilAsync(
                () =>
                    listener
                        .All.Skip(before - 1)
                        .Any(h =>
                            h.Topic == ReplyTopic
                            && h.Text.Contains($"\"request\":\"{id}\"", StringComparison.Ordinal)
                            && !h.Text.Contains("\"reply\":\"accepted\"", StringComparison.Ordinal)
                        ),
                $"{id} is answered"
            );
        }
    }

    private static Task<MqttClientPublishResult> Send(Listener listener, string word, byte[] payload, bool retain) =>
        listener.Client.PublishAsync(
            new MqttApplicationMessageBuilder()
                .WithTopic($"{Root}cam/front/cmd/{word}")
                .WithPayload(payload)
                .WithResponseTopic(ReplyTopic)
                .WithRetainFlag(retain)
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                .Build()
        );

    private static string? Id(JsonElement reply) => reply.TryGetProperty("request", out var id) ? id.GetString() : null;

    private static long Resident(Process process) =>
        Telemetry.TelemetryCollector.ResidentBytes(File.ReadAllText($"/proc/{process.Id}/statm"), Environment.SystemPageSize)!.Value;
}
