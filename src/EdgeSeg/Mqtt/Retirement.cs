using EdgeSeg.Messages;
using EdgeSeg.Vision.Platform;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Mqtt;

/// <summary>What retiring a device found. <see cref="Cleared"/>: topics, in the order they came. <see cref="WasAtWork"/>: its status said that it runs.</summary>
internal sealed record Retired(IReadOnlyList<string> Cleared, bool WasAtWork);

/// <summary>
/// Clears every retained topic of a device on its broker, so that a fleet's tools see it no more. A broker does not say when all retained messages
/// have come, so each round ends with a message to ourselves, which comes behind them; rounds go on until one finds nothing.
/// </summary>
internal static class Retirement
{
    /// <param name="options">The device's link.</param>
    /// <param name="further">Further topics to clear, outside of the device's own.</param>
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
            return await ClearAsync();
        }
        catch (Exception e) when (e is not OperatingException && !cancel.IsCancellationRequested)
        {
            // whatever the library throws while connecting or talking (socket, TLS, protocol, time)
            throw new OperatingException(
                $"the broker {options.Host}:{options.Port} did not do it ({e.GetBaseException().Message}): check [mqtt], and that this user may read and write {root}#"
            );
        }

        async Task<Retired> ClearAsync()
        {
            var answer = await client.ConnectAsync(
                BrokerConnection.ClientOptions(options, $"edgeseg-retire-{options.Session}").Build(),
                limit.Token
            );
            if (answer.ResultCode != MqttClientConnectResultCode.Success)
                throw new OperatingException($"the broker refuses us: {answer.ResultCode} {answer.ReasonString}: check [mqtt]");
            var cleared = new List<string>();
            var wasAtWork = false;
            for (var round = 0; round < MqttLimits.RetireRounds; round++)
            {
                lock (found)
                    found.Clear();
                foreach (var filter in further.Append(root + "#"))
                    await client.SubscribeAsync(
                        new MqttClientSubscribeOptionsBuilder().WithTopicFilter(filter, MqttQualityOfServiceLevel.AtLeastOnce).Build(),
                        limit.Token
                    );
                await client.PublishAsync(
                    new MqttApplicationMessageBuilder()
                        .WithTopic(marker)
                        .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                        .Build(),
                    limit.Token
                );
                await rounds.WaitAsync(limit.Token);
                KeyValuePair<string, bool>[] topics;
                lock (found)
                    topics = [.. found];
                if (topics.Length == 0)
                    return new Retired(cleared, wasAtWork);
                foreach (var (topic, isAtWork) in topics)
                {
                    await client.PublishAsync(
                        new MqttApplicationMessageBuilder()
                            .WithTopic(topic)
                            .WithRetainFlag()
                            .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                            .Build(),
                        limit.Token
                    );
                    if (!cleared.Contains(topic))
                        cleared.Add(topic);
                    wasAtWork |= isAtWork;
                }
            }

            throw new OperatingException(
                $"topics below {root} come back as soon as they are cleared: the device still runs; stop it first"
            );
        }
    }
}
