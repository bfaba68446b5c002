using EdgeSeg.Platform;

namespace EdgeSeg.Mqtt;

/// <summary>Waits between attempts to connect.</summary>
internal sealed class Backoff
{
    private int attempt;

    /// <summary>Connections in a row that another client with our id ended.</summary>
    public int TakenOverInARow { get; private set; }

    /// <summary>The wait before the next attempt, in milliseconds.</summary>
    public int Next(double jitter) => TakenOverInARow >= MqttLimits.TakenOverMax ? MqttLimits.TakenOverWaitMs : (int)RetryWait.Ms(MqttLimits.ReconnectMinMs, MqttLimits.ReconnectMaxMs, attempt++, jitter);

    /// <summary>A connection is over that lasted <paramref name="lastedMs"/>; a stable one makes all before it forgotten.</summary>
    public void Ended(double lastedMs, bool takenOver)
    {
        if (lastedMs >= MqttLimits.LinkStableMs) attempt = 0;
        // two devices of one id that both wait keep each connection for about that wait: only what lasts longer tells that the other is gone
        if (lastedMs >= (takenOver ? 2 * MqttLimits.TakenOverWaitMs : MqttLimits.LinkStableMs)) TakenOverInARow = 0;
        if (takenOver) TakenOverInARow++;
    }
}
