using System.Collections.Concurrent;
using MQTTnet;

namespace EdgeSeg.Bench;

/// <summary>Counts the masks that a device publishes, by camera.</summary>
internal sealed class MaskCount : IDisposable
{
    private readonly IMqttClient client;
    private readonly ConcurrentDictionary<string, long> counts = new(StringComparer.Ordinal);

    private MaskCount(IMqttClient client) => this.client = client;

    public IReadOnlyDictionary<string, long> Counts => counts.ToDictionary(StringComparer.Ordinal);

    public static async Task<MaskCount> StartAsync(int port, string device)
    {
        var count = new MaskCount(await FleetBench.ConnectAsync(new MqttClientFactory(), port, "counter"));
        count.client.ApplicationMessageReceivedAsync += m =>
        {
            count.counts.AddOrUpdate(m.ApplicationMessage.Topic.Split('/')[4], 1, (_, n) => n + 1);
            return Task.CompletedTask;
        };
        await count.client.SubscribeAsync($"edgeseg/v1/{device}/cam/+/mask");
        return count;
    }

    public void Dispose() => client.Dispose();
}
