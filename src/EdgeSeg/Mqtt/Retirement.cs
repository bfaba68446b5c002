using EdgeSeg.Messages;
using EdgeSeg.Vision.Platform;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Mqtt;

/// <summary>
/// Result of retiring a device. <see cref="Cleared"/>: topics, in the order received. <see cref="WasOnline"/>: its status was online or
/// degraded.
/// </summary>
internal sealed record Retired(IReadOnlyList<string> Cleared, bool WasOnline, IReadOnlyList<string> Refused);

/// <summary>
/// Clears every retained topic of a device on its broker, so that the tools of a fleet no longer list it. A broker does not report when all
/// retained
/// messages were delivered, so each round ends with a message to ourselves, which is delivered after them; rounds go on until one finds
/// nothing.
/// </summary>
internal sealed class Retirement : IDisposable
{
    private readonly LinkOptions options;
    private readonly IReadOnlyList<string> further;
    private readonly string marker;
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly SemaphoreSlim rounds = new(0);

    // retained topics of the current round, and whether one is a status of a running service
    private readonly Dictionary<string, bool> found = new(StringComparer.Ordinal);

    private Retirement(LinkOptions options, IReadOnlyList<string> further)
    {
        (this.options, this.further) = (options, further);
        marker = $"{options.Topics.Root}reply/retire-{options.Session}";
        client.ApplicationMessageReceivedAsync += Received;
    }

    /// <param name="options">The broker and the device.</param>
    /// <param name="further">Further topics to clear.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="OperatingException">The broker cannot be reached, or topics are published again.</exception>
    public static async Task<Retired> RunAsync(LinkOptions options, IReadOnlyList<string> further, CancellationToken cancel)
    {
        using var retirement = new Retirement(options, further);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(MqttLimits.RetireMs);
        try
        {
            return await retirement.ClearAllAsync(limit.Token);
        }
        catch (Exception e) when (e is not OperatingException && !cancel.IsCancellationRequested)
        {
            // whatever the library throws while connecting or talking (socket, TLS, protocol, time)
            var root = options.Topics.Root;
            throw new OperatingException(
                $"the broker {options.Host}:{options.Port} did not clear the topics ({ConnectErrors.Describe(e, null)}): check that this "
                    + "user "
                    + $"may read and write {root}#"
            );
        }
    }

    public void Dispose()
    {
        client.Dispose();
        rounds.Dispose();
    }

    private Task Received(MqttApplicationMessageReceivedEventArgs incoming)
    {
        var message = incoming.ApplicationMessage;
        if (message.Topic == marker)
        {
            rounds.Release();
        }
        else if (message is { Retain: true, Payload.Length: > 0 })
        {
            var isAtWork = message.Topic == options.Topics.Status && StatusMessage.TryRead(message.Payload) is { IsAtWork: true };
            lock (found)
                found[message.Topic] = isAtWork;
        }

        return Task.CompletedTask;
    }

    private async Task<Retired> ClearAllAsync(CancellationToken cancel)
    {
        await BrokerSession.ConnectAsync(client, options, cancel, $"edgeseg-retire-{options.Session}");
        var cleared = new List<string>();
        var refused = new List<string>();
        var wasAtWork = false;
        for (var round = 0; round < MqttLimits.RetireRounds; round++)
        {
            var topics = await RetainedAsync(cancel);
            if (topics.All(t => refused.Contains(t.Key)))
                return new Retired(cleared, wasAtWork, refused);
            foreach (var (topic, isAtWork) in topics)
            {
                wasAtWork |= isAtWork;
                var answer = await client.PublishStringAsync(topic, "", MqttQualityOfServiceLevel.AtLeastOnce, retain: true, cancel);
                var list = answer.IsSuccess ? cleared : refused;
                if (!list.Contains(topic))
                    list.Add(topic);
            }
        }

        throw new OperatingException(
            $"topics below {options.Topics.Root} are published again after they were cleared: the device is running; stop it first"
        );
    }

    private async Task<KeyValuePair<string, bool>[]> RetainedAsync(CancellationToken cancel)
    {
        lock (found)
            found.Clear();
        foreach (var filter in further.Append(options.Topics.Root + "#"))
            await client.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce, cancel);
        await client.PublishStringAsync(marker, "", MqttQualityOfServiceLevel.AtLeastOnce, retain: false, cancel);
        await rounds.WaitAsync(cancel);
        lock (found)
            return [.. found];
    }
}
