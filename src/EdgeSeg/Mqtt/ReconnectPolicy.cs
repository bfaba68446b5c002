using EdgeSeg.Platform;

namespace EdgeSeg.Mqtt;

/// <summary>Waits between attempts to connect: back-off, and minutes while another client takes our session over again and again.</summary>
/// <param name="maxMs">Longest wait of the back-off, in milliseconds.</param>
/// <param name="random">Source of the jitter.</param>
internal sealed class ReconnectPolicy(int maxMs, Random random)
{
    private readonly Backoff backoff = new(Math.Min(MqttLimits.ReconnectMinMs, maxMs), maxMs, random);

    /// <summary>Connections in a row that another client with our id ended.</summary>
    public int TakenOverInARow { get; private set; }

    /// <summary>The wait before the next attempt.</summary>
    public TimeSpan Next() =>
        TakenOverInARow >= MqttLimits.TakenOverMax ? TimeSpan.FromMilliseconds(MqttLimits.TakenOverWaitMs) : backoff.Next();

    /// <summary>A connection ended after <paramref name="lastedMs"/>; one that lasted resets the waits.</summary>
    public void Ended(double lastedMs, bool takenOver)
    {
        if (lastedMs >= MqttLimits.LinkStableMs)
            backoff.Reset();
        // two devices with one id that both wait keep each connection for about that wait: only a longer one shows that the other is gone
        if (lastedMs >= (takenOver ? 2 * MqttLimits.TakenOverWaitMs : MqttLimits.LinkStableMs))
            TakenOverInARow = 0;
        if (takenOver)
            TakenOverInARow++;
    }
}
