using EdgeSeg.Messages;
using MQTTnet;
using MQTTnet.Protocol;
using Xunit;

namespace EdgeSeg.Mqtt;

/// <summary>Retained topics are those of the running service, and every command of a burst is answered.</summary>
public class RetainedStateTests
{
    private static readonly Topics topics = new("robot-7", ["front"]);

    private static LinkOptions Options(int port, Action<IncomingMessage>? received = null) =>
        new()
        {
            Host = "127.0.0.1",
            Port = port,
            Topics = topics,
            Session = Samples.Session,
            Subscriptions = [topics.AllCommands],
            Received = received,
        };

    [Fact]
    public async Task Topics_of_a_camera_that_was_renamed_are_cleared_and_current_ones_stay()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        string[] former = ["edgeseg/v1/robot-7/cam/old/state", "edgeseg/v1/robot-7/alert/camera-old"];
        string[] kept = [topics.Camera("front").State, "edgeseg/v1/robot-77/cam/old/state"];
        await using (var before = await Listener.StartAsync(broker.Port))
        {
            foreach (var topic in former.Concat(kept))
                await before.Client.PublishStringAsync(topic, "{}", MqttQualityOfServiceLevel.AtLeastOnce, retain: true);
        }

        await using var watcher = await Listener.StartAsync(broker.Port);
        await using var link = new MqttLink(Options(broker.Port), TimeProvider.System, _ => { });
        link.TrySetState(topics.Camera("front").State, """{"state":"streaming"}"""u8);
        link.Start();
        foreach (var topic in former)
            await watcher.UntilAsync($"the end of {topic}", h => h.Topic == topic && h.Text.Length == 0);
        await using var after = await Listener.StartAsync(broker.Port);
        await after.UntilAsync("the kept topics", _ => kept.All(t => after.All.Any(h => h.Topic == t)));
        Assert.DoesNotContain(after.All, h => former.Contains(h.Topic));
    }

    [Fact]
    public async Task A_description_for_Home_Assistant_that_this_session_does_not_publish_is_cleared()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        var current = HomeAssistantMessage.Topic("ha", "robot-7");
        string[] former = [HomeAssistantMessage.Topic("homeassistant", "robot-7")];
        string[] others = [HomeAssistantMessage.Topic("homeassistant", "robot-77"), "homeassistant/device/x/edgeseg-robot-7/config"];
        await using (var before = await Listener.StartAsync(broker.Port))
        {
            foreach (var topic in former.Concat(others).Append(current))
                await before.Client.PublishStringAsync(topic, "{}", MqttQualityOfServiceLevel.AtLeastOnce, retain: true);
        }

        await using var watcher = await Listener.StartAsync(broker.Port, "#");
        await using (var link = new MqttLink(Options(broker.Port), TimeProvider.System, _ => { }))
        {
            link.TrySetState(current, """{"device":1}"""u8);
            link.Start();
            await watcher.UntilAsync("the end of the former one", h => h.Topic == former[0] && h.Text.Length == 0);
            await watcher.UntilAsync("the current one", h => h.Topic == current && h.Text == """{"device":1}""");
        }

        // also after the stop: Home Assistant keeps a device that is off
        await using var after = await Listener.StartAsync(broker.Port, "#");
        await after.UntilAsync("the others", _ => others.Append(current).All(t => after.All.Any(h => h.Topic == t)));
        Assert.DoesNotContain(after.All, h => former.Contains(h.Topic));
    }

    [Fact]
    public async Task A_clean_stop_clears_camera_states_and_alerts_and_keeps_status_and_info()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using (var link = new MqttLink(Options(broker.Port), TimeProvider.System, _ => { }))
        {
            link.TrySetState(topics.Camera("front").State, """{"state":"streaming"}"""u8);
            link.TrySetState(topics.Alert("disk-low"), "{}"u8);
            link.TrySetState(topics.Info, "{}"u8);
            link.Start();
            await Wait.UntilAsync(() => link.Stats.Sent >= 4, "every state is acknowledged");
        }

        await using var after = await Listener.StartAsync(broker.Port);
        await after.UntilAsync("status and info", _ => after.All.Count >= 2);
        Assert.Equal([topics.Info, topics.Status], after.All.Select(h => h.Topic).Order());
    }

    [Fact]
    public async Task Every_command_of_a_burst_is_answered()
    {
        const int count = 300;
        await using var broker = await Mosquitto.StartOrSkipAsync();
        MqttLink? link = null;
        link = new MqttLink(Options(broker.Port, Answer), TimeProvider.System, _ => { });
        await using var disposeLink = link;
        link.Start();
        await Wait.UntilAsync(() => link.Connected, "the link is up");
        await using var client = await Listener.StartAsync(broker.Port, topics.Reply("flood"));
        for (var i = 0; i < count; i++)
            await client.Client.PublishStringAsync("edgeseg/v1/robot-7/cam/front/cmd/click", $"{i}", MqttQualityOfServiceLevel.AtLeastOnce);
        await Wait.UntilAsync(() => client.All.Count >= 2 * count, "every command has both replies");
        Assert.Equal(0, link.Stats.Drops.Total);
        Assert.Equal(count, client.All.Select(h => h.Text).Distinct().Count());

        // accepted, then a result
        void Answer(IncomingMessage command)
        {
            link!.TryReply(topics.Reply("flood"), command.Payload, null);
            link.TryReply(topics.Reply("flood"), command.Payload, null);
        }
    }
}
