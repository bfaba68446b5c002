namespace EdgeSeg.Mqtt;

/// <summary>Something that the broker refuses: a topic, with <c>+</c> for camera, alert and client ids, and the reason in words.</summary>
internal readonly record struct BrokerRefusal(string Topic, string Reason);

/// <summary>What the broker of the current connection refuses. Any thread.</summary>
internal sealed class BrokerRefusals
{
    private readonly Lock gate = new();
    private readonly List<BrokerRefusal> all = new(MqttLimits.Refusals);

    /// <summary>In the order of their first occurrence; at most <see cref="MqttLimits.Refusals"/>.</summary>
    public BrokerRefusal[] All
    {
        get
        {
            lock (gate)
                return [.. all];
        }
    }

    /// <summary>True when the topic was not refused before, or for another reason.</summary>
    public bool Add(string topic, string reason)
    {
        lock (gate)
        {
            var at = all.FindIndex(r => r.Topic == topic);
            if (at >= 0 && all[at].Reason == reason)
                return false;
            if (at >= 0)
                all[at] = new BrokerRefusal(topic, reason);
            else if (all.Count < MqttLimits.Refusals)
                all.Add(new BrokerRefusal(topic, reason));
            return true;
        }
    }

    /// <summary>The broker accepts the topic.</summary>
    public void Remove(string topic)
    {
        lock (gate)
            all.RemoveAll(r => r.Topic == topic);
    }

    /// <summary>A new connection: its broker decides again.</summary>
    public void Clear()
    {
        lock (gate)
            all.Clear();
    }
}
