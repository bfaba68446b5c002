using EdgeSeg.Messages;

namespace EdgeSeg.Mqtt;

/// <summary>
/// The largest payload of a broker that does not state it. A broker of MQTT 3.1.1 only closes the connection after a message that is too
/// large for it. Two connections in a row that end while a large message waits for its acknowledgement are taken as that. One thread.
/// </summary>
internal sealed class ObservedPacketLimit(TimeProvider time)
{
    private int suspect,
        times;
    private long since;

    /// <summary>Largest payload now; a limit that was observed ends after a time, since it may have had another reason.</summary>
    public int Bytes =>
        times >= MqttLimits.SizeCloses && time.GetElapsedTime(since).TotalMilliseconds < MqttLimits.RefusalRetryMs
            ? suspect - 1
            : MessageLimits.MaxMessageBytes;

    /// <summary>The broker closed the connection before it acknowledged a message of this size.</summary>
    public void Closed(int bytes)
    {
        if (bytes < MqttLimits.SuspectBytes)
        {
            // the size is not the reason
            times = 0;
            return;
        }

        suspect = times == 0 ? bytes : Math.Min(suspect, bytes);
        times++;
        since = time.GetTimestamp();
    }

    /// <summary>The broker acknowledged a message of this size.</summary>
    public void Accepted(int bytes)
    {
        if (bytes >= suspect)
            times = 0;
    }
}
