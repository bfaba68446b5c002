using EdgeSeg.Messages;
using EdgeSeg.Vision.Platform;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Mqtt;

/// <summary>
/// Result of retiring a device. <see cref="Cleared"/>: topics, in the order received. <see cref="WasAtWork"/>: its status was online or
/// degraded.
/// </summary>
internal sealed record Retired(IReadOnlyList<string> Cleared, bool WasAtWork, IReadOnlyList<string> Refused);

/// <summary>
/// Clears every retained topic of a device on its broker, so that the tools of a fleet no longer list it. A broker does not report when all
/// retained
/// messages were delivered, so each round ends with a message to ourselves, which is delivered after them; rounds go on until one finds
/// nothing.
/// </summary>
internal static class Retirement
{
    /// <param name="options">The broker and the device.</param>
    /// <param name="further">Further topics to clear.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="OperatingException">The broker cannot be reached, or topics come back.</exception>
    public static async Task<Retired> RunAsync(LinkOptions options, IReadOnlyList<string> further, CancellationToken cancel)
    {
        var root = options.Topics.Root;
        var marker = $"{root}reply/retire-{options.Session}";
        var found = new Dictionary<string, bool>(StringComparer.Ordinal);
        var rounds = new SemaphoreSlim(0);
        using var client = new MqttClientFactory().CreateMqttClient();
        client.ApplicationMessageReceivedAsync += incoming =>
        {
            var message = incoming.ApplicationMessage;
            if (message.Topic == marker)
                rounds.Release();
            else if (message is { Retain: true, Payload.Length: > 0 })
            {
                lock (found)
                    found[message.Topic] =
                        message.Topic == options.Topics.Status && StatusMessage.TryRead(message.Payload) is { IsAtWork: true };
            }

            return Task.CompletedTask;
        };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(MqttLimits.RetireMs);
        try
        {
            return await ClearAllAsync();
        }
        catch (Exception e) when (e is not OperatingException && !cancel.IsCancellationRequested)
        {
            // whatever the library throws while connecting or talking (socket, TLS, protocol, time)
            throw new OperatingException(
                $"the broker {options.Host}:{options.Port} did not clear the topics "
                    + $"({ConnectErrors.Describe(e, null)}): check that this user may read and write {root}#"
            );
        }

        async Task<Retired> ClearAllAsync()
        {
            await BrokerSession.ConnectAsync(client, options, limit.Token, $"edgeseg-retire-{options.Session}");
            var cleared = new List<string>();
            var refused = new List<string>();
            var wasAtWork = false;
            for (var round = 0; round < MqttLimits.RetireRounds; round++)
            {
                foreach (var (topic, isAtWork) in await RetainedAsync())
                {
                    wasAtWork |= isAtWork;
                    var accepted = await ClearAsync(topic);
                    var list = accepted ? cleared : refused;
                    if (!list.Contains(topic))
                        list.Add(topic);
                }

                lock (found)
                {
                    if (found.Keys.All(refused.Contains))
                        return new Retired(cleared, wasAtWork, refused);
                }
            }

            throw new OperatingException(
                $"topics below {root} are published again after they were cleared: the device is running; stop it first"
            );
        }

        async Task<KeyValuePair<string, bool>[]> RetainedAsync()
        {
            lock (found)
                found.Clear();
            foreach (var filter in further.Append(root + "#"))
                await client.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce, limit.Token);
            await client.PublishStringAsync(marker, "", MqttQualityOfServiceLevel.AtLeastOnce, retain: false, limit.Token);
            await rounds.WaitAsync(limit.Token);
            lock (found)
                return [.. found];
        }

        async Task<bool> ClearAsync(string topic)
        {
            var answer = await client.PublishStringAsync(topic, "", MqttQualityOfServiceLevel.AtLeastOnce, retain: true, limit.Token);
            return answer.IsSuccess;
        }
    }
}
