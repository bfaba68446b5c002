using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;
using MQTTnet;
using MQTTnet.Protocol;

namespace EdgeSeg.Release;

/// <summary>Publishes a signed manifest, retained, or clears its topic.</summary>
internal static class Publication
{
    /// <param name="options">The broker.</param>
    /// <param name="topic">A <c>model/desired</c>, or a topic of a key chain.</param>
    /// <param name="envelope">Null: withdraw.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="OperatingException">The broker cannot be reached or refuses, or a newer manifest is there.</exception>
    public static async Task RunAsync(LinkOptions options, string topic, Envelope? envelope, CancellationToken cancel)
    {
        using var client = new MqttClientFactory().CreateMqttClient();
        var retained = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.ApplicationMessageReceivedAsync += incoming =>
        {
            var message = incoming.ApplicationMessage;
            if (message.Retain && message.Topic == topic)
                retained.TrySetResult(
                    message.Payload.Length > UpdateLimits.MaxEnvelopeBytes ? [] : System.Buffers.BuffersExtensions.ToArray(message.Payload)
                );
            return Task.CompletedTask;
        };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ReleaseLimits.PublicationMs);
        try
        {
            await BrokerSession.ConnectAsync(client, options, limit.Token);
            if (envelope is not null)
                RequireNewer(await RetainedAsync(), envelope, topic);
            var answer = await client.PublishAsync(Message(), limit.Token);
            if (!answer.IsSuccess)
                throw new OperatingException(
                    $"the broker refuses {topic}: {answer.ReasonCode} {answer.ReasonString}: this "
                        + "user may not write there; see deploy/mosquitto/edgeseg.acl, user release"
                );
        }
        catch (Exception e) when (e is not OperatingException && !cancel.IsCancellationRequested)
        {
            throw new OperatingException(
                $"the broker {options.Host}:{options.Port} did not accept the manifest: {ConnectErrors.Describe(e, null)}"
            );
        }

        // the manifest is published: what happens to the connection now is no failure of it
        await BrokerSession.EndAsync(client);

        async Task<byte[]> RetainedAsync()
        {
            var answer = await client.SubscribeAsync(
                new MqttClientSubscribeOptionsBuilder().WithTopicFilter(topic, MqttQualityOfServiceLevel.AtLeastOnce).Build(),
                limit.Token
            );
            // a user without the right to read cannot be warned
            if (answer.Items.Any(i => i.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2))
                return [];
            await Task.WhenAny(retained.Task, Task.Delay(ReleaseLimits.RetainedWaitMs, limit.Token));
            return retained.Task.IsCompletedSuccessfully ? retained.Task.Result : [];
        }

        MqttApplicationMessage Message() =>
            new()
            {
                Topic = topic,
                PayloadSegment = envelope?.Write() ?? [],
                Retain = true,
                QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce,
                ContentType = MqttLink.Json,
            };
    }

    /// <summary>
    /// Devices would refuse a manifest as replayed unless its serial is greater than that of the one before. The same manifest with more
    /// signatures is allowed.
    /// </summary>
    private static void RequireNewer(byte[] retained, Envelope envelope, string topic)
    {
        try
        {
            if (
                retained.Length == 0
                || Envelope.Read(retained).Manifest is not { } there
                || there.AsSpan().SequenceEqual(envelope.Manifest)
            )
                return;
            var serial = Manifest.Read(there).Serial;
            if (serial >= Manifest.Read(envelope.Manifest).Serial)
                throw new OperatingException(
                    $"a manifest of serial {serial} is on {topic}, and devices refuse one that is "
                        + $"not greater: pack or reissue with --serial {serial + 1} and sign that"
                );
        }
        catch (UpdateException)
        {
            // the retained message is not a manifest: it is replaced
        }
    }
}
