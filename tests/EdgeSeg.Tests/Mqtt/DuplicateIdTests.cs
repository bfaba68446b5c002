using System.Buffers;
using System.Text;
using EdgeSeg.Messages;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Mqtt;

public class DuplicateIdTests(ITestOutputHelper output)
{
    private static readonly Topics topics = new("robot-7", []);

    private MqttLink Link(int port, string session, TimeProvider time, string? clientId = null) =>
        new(
            new LinkOptions
            {
                Host = "127.0.0.1",
                Port = port,
                Topics = topics,
                Session = session,
                ClientId = clientId,
            },
            time,
            line => output.WriteLine($"{session}: {line}")
        );

    [Fact]
    public async Task Two_devices_with_one_id_notice_and_stop_evicting_each_other()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        var time = new FakeTimeProvider();
        await using var one = Link(broker.Port, "one", time);
        await using var two = Link(broker.Port, "two", time);
        one.Start();
        two.Start();
        await Wait.UntilAsync(() => Pass(time, 100) && (one.DuplicateId || two.DuplicateId), "one of them notices the other");

        // it waits for minutes now, and the other is evicted for the last time when it comes back
        await Wait.UntilAsync(() => Pass(time, 2000) && one.DuplicateId && two.DuplicateId, "both notice the other");
        Assert.InRange(one.TakenOver, MqttLimits.TakenOverMax, int.MaxValue);
        Assert.InRange(two.TakenOver, MqttLimits.TakenOverMax, int.MaxValue);

        // from here on they take over from each other at most every few minutes
        var before = one.Stats.Reconnects + two.Stats.Reconnects;
        for (var s = 0; s < 60; s++)
        {
            Pass(time, 1000);
            await Task.Delay(2);
        }

        Assert.InRange(one.Stats.Reconnects + two.Stats.Reconnects - before, 0, 2);

        // when the other has ended, a connection that lasts ends the alert
        await two.DisposeAsync();
        await Wait.UntilAsync(() => Pass(time, 2000) && one is { Connected: true, DuplicateId: false }, "the alert is over");
    }

    [Fact]
    public async Task A_device_with_our_id_and_another_client_id_is_detected_while_it_runs()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var ours = Link(broker.Port, "ours", TimeProvider.System);
        ours.Start();
        await Wait.UntilAsync(() => ours.Connected, "the link is up");
        var other = Link(broker.Port, "other", TimeProvider.System, clientId: "another");
        other.Start();
        await Wait.UntilAsync(() => ours.DuplicateId, "the other is noticed");
        await other.DisposeAsync();
        await Wait.UntilAsync(() => !ours.DuplicateId, "the alert is over");
    }

    [Fact]
    public async Task A_restart_after_a_crash_and_a_broker_that_restarts_are_no_duplicate()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using (var watcher = await Listener.StartAsync(broker.Port))
        {
            await watcher.Client.PublishAsync(
                new MQTTnet.MqttApplicationMessageBuilder()
                    .WithTopic(topics.Status)
                    .WithRetainFlag()
                    .WithPayload("""{"v":1,"session":"yesterday","state":"online"}""")
                    .Build()
            );
        }

        await using var link = Link(broker.Port, "today", TimeProvider.System);
        link.Start();
        for (var i = 0; i < 3; i++)
        {
            await Wait.UntilAsync(() => link.Connected, "the link is up");
            broker.Kill();
            await Wait.UntilAsync(() => !link.Connected, "the link is down");
            await broker.StartAsync();
        }

        await Wait.UntilAsync(() => link.Connected, "the link is up");
        Assert.Equal((0, false), (link.TakenOver, link.DuplicateId));
    }

    [Theory]
    [InlineData("""{"v":1,"session":"a","state":"online"}""", "a", true)]
    [InlineData("""{"state":"offline","x":{"session":"b"},"session":"a"}""", "a", false)]
    [InlineData("""{"session":1,"state":"online"}""", null, false)]
    [InlineData("""["session","a"]""", null, false)]
    [InlineData("{", null, false)]
    [InlineData("", null, false)]
    public void Only_a_status_message_is_read_as_one(string text, string? session, bool isAtWork)
    {
        var read = StatusMessage.TryRead(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text)));
        Assert.Equal((session, isAtWork), (read?.Session, read?.IsAtWork ?? false));
    }

    private static bool Pass(FakeTimeProvider time, int ms)
    {
        time.Advance(TimeSpan.FromMilliseconds(ms));
        return true;
    }
}
