using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using Xunit;

namespace EdgeSeg.Mqtt;

public class ReconnectPolicyTests
{
    private const int ReconnectMaxMs = MqttSettings.DefaultReconnectMaxS * 1000;

    private static ReconnectPolicy Policy(int maxMs = ReconnectMaxMs) => new(maxMs, new FixedRandom(0));

    private static int NextMs(ReconnectPolicy policy) => (int)policy.Next().TotalMilliseconds;

    [Fact]
    public void Only_a_connection_that_lasted_resets_the_waits()
    {
        var policy = Policy();
        Assert.Equal(MqttLimits.ReconnectMinMs, NextMs(policy));
        for (var i = 0; i < 20; i++)
            policy.Next();
        policy.Ended(MqttLimits.LinkStableMs - 1, takenOver: false);
        Assert.Equal(ReconnectMaxMs, NextMs(policy));
        policy.Ended(MqttLimits.LinkStableMs, takenOver: false);
        Assert.Equal(MqttLimits.ReconnectMinMs, NextMs(policy));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(100)]
    public void The_longest_wait_is_the_one_configured(int maxMs)
    {
        var policy = Policy(maxMs);
        for (var i = 0; i < 20; i++)
            Assert.InRange(NextMs(policy), 1, maxMs);
        Assert.Equal(maxMs, NextMs(policy));
    }

    [Fact]
    public void A_device_with_our_id_slows_us_to_minutes_until_a_connection_lasts()
    {
        var policy = Policy();
        for (var i = 1; i <= MqttLimits.TakenOverMax; i++)
        {
            Assert.InRange(NextMs(policy), 1, ReconnectMaxMs);
            policy.Ended(100, takenOver: true);
        }

        Assert.Equal(MqttLimits.TakenOverWaitMs, NextMs(policy));
        policy.Ended(MqttLimits.TakenOverWaitMs, takenOver: true);
        Assert.Equal(MqttLimits.TakenOverWaitMs, NextMs(policy));
        policy.Ended(MqttLimits.LinkStableMs, takenOver: false);
        Assert.Equal(MqttLimits.ReconnectMinMs, NextMs(policy));
    }
}
