using Xunit;

namespace EdgeSeg.Mqtt;

public class BackoffTests
{
    [Fact]
    public void Waits_double_within_their_bounds_and_jitter_takes_up_to_half()
    {
        var backoff = new Backoff();
        Assert.Equal(MqttLimits.ReconnectMinMs, backoff.Next(1));
        Assert.Equal(MqttLimits.ReconnectMinMs, backoff.Next(0));
        Assert.Equal(MqttLimits.ReconnectMinMs * 4, backoff.Next(1));
        for (var i = 0; i < 1000; i++) Assert.InRange(backoff.Next(1), MqttLimits.ReconnectMinMs, MqttLimits.ReconnectMaxMs);
        Assert.Equal(MqttLimits.ReconnectMaxMs / 2, backoff.Next(0));
    }

    [Fact]
    public void Only_a_connection_that_lasted_starts_the_waits_again()
    {
        var backoff = new Backoff();
        for (var i = 0; i < 20; i++) backoff.Next(1);
        backoff.Ended(MqttLimits.LinkStableMs - 1, takenOver: false);
        Assert.Equal(MqttLimits.ReconnectMaxMs, backoff.Next(1));
        backoff.Ended(MqttLimits.LinkStableMs, takenOver: false);
        Assert.Equal(MqttLimits.ReconnectMinMs, backoff.Next(1));
    }

    [Fact]
    public void A_device_with_our_id_slows_us_to_minutes_until_a_connection_lasts()
    {
        var backoff = new Backoff();
        for (var i = 1; i <= MqttLimits.TakenOverMax; i++)
        {
            Assert.True(backoff.Next(1) <= MqttLimits.ReconnectMaxMs);
            backoff.Ended(100, takenOver: true);
        }

        Assert.Equal(MqttLimits.TakenOverWaitMs, backoff.Next(1));
        backoff.Ended(MqttLimits.TakenOverWaitMs, takenOver: true);
        Assert.Equal(MqttLimits.TakenOverWaitMs, backoff.Next(1));
        backoff.Ended(MqttLimits.LinkStableMs, takenOver: false);
        Assert.Equal(MqttLimits.ReconnectMinMs, backoff.Next(1));
    }
}
