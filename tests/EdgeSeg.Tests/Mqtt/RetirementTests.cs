using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Platform;
using MQTTnet;
using Xunit;

namespace EdgeSeg.Mqtt;

public class RetirementTests
{
    private static LinkOptions Options(int port) =>
        new()
        {
            Host = "127.0.0.1",
            Port = port,
            Topics = new Topics("robot-7", []),
            Session = "0a1b",
        };

    [Fact]
    public async Task Everything_retained_of_the_device_is_cleared_and_nothing_of_others()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        var device = Enumerable.Range(0, 60).Select(i => $"edgeseg/v1/robot-7/alert/a{i}").Append("edgeseg/v1/robot-7/status").ToArray();
        string[] others =
        [
            "edgeseg/v1/robot-77/status",
            "edgeseg/v1/fleet/f/model/desired",
            "homeassistant/device/edgeseg-robot-77/config",
        ];
        var discovery = HomeAssistantMessage.Topic("homeassistant", "robot-7");
        await using (var before = await Listener.StartAsync(broker.Port))
        {
            foreach (var topic in device.Concat(others).Append(discovery))
                await before.Client.PublishAsync(
                    new MqttApplicationMessageBuilder()
                        .WithTopic(topic)
                        .WithRetainFlag()
                        .WithQualityOfServiceLevel(MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce)
                        .WithPayload(Encoding.UTF8.GetBytes("""{"session":"x","state":"online"}"""))
                        .Build()
                );
        }

        var retired = await Retirement.RunAsync(Options(broker.Port), [discovery], CancellationToken.None);
        Assert.Equal(device.Append(discovery).Order(), retired.Cleared.Order());
        Assert.True(retired.WasOnline);
        await using var after = await Listener.StartAsync(broker.Port, "#");
        await after.UntilAsync("the others", _ => after.All.Count >= others.Length);
        Assert.Equal(others.Order(), after.All.Select(h => h.Topic).Order());
        var again = await Retirement.RunAsync(Options(broker.Port), [discovery], CancellationToken.None);
        Assert.Equal((0, false), (again.Cleared.Count, again.WasOnline));
    }

    [Fact]
    public async Task A_broker_that_is_not_there_is_named()
    {
        var port = Mosquitto.FreePort();
        var e = await Assert.ThrowsAsync<OperatingException>(() => Retirement.RunAsync(Options(port), [], CancellationToken.None));
        Assert.Contains($"127.0.0.1:{port}", e.Message, StringComparison.Ordinal);
    }
}
