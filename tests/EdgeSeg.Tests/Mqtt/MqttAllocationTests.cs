using EdgeSeg.Messages;
using Xunit;

namespace EdgeSeg.Mqtt;

/// <summary>Counts the bytes of the whole process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(DisableParallelization = true)]
public class AloneCollection;

[Collection<AloneCollection>]
public class MqttAllocationTests(ITestOutputHelper output)
{
    private static readonly Topics topics = new("robot-7", ["front"]);
    private static readonly string maskTopic = topics.Camera("front").Mask;

    [Fact]
    public async Task Writing_and_handing_over_a_mask_allocates_less_than_a_kibibyte()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var link = new MqttLink(
            new LinkOptions
            {
                Host = "127.0.0.1",
                Port = broker.Port,
                Topics = topics,
                Session = Samples.Session,
            },
            TimeProvider.System,
            output.WriteLine
        );
        link.Start();
        await Wait.UntilAsync(() => link is { Connected: true, Stats.Sent: >= 1 }, "the link is up");
        using var buffer = new JsonBuffer();
        var (info, result, counts) = (Samples.MaskInfo(), Samples.Found(), new byte[3000]);
        Array.Fill(counts, (byte)'1');
        long SendMany(int n)
        {
            var before = GC.GetTotalAllocatedBytes(true);
            for (var i = 0; i < n; i++)
            {
                var sent = link.Stats.Sent;
                link.TryPublishMask(
                    maskTopic,
                    MaskMessage.Write(buffer, info, result, Samples.Geometry, counts, default, MessageLimits.MaxMessageBytes)
                );
                SpinWait.SpinUntil(() => link.Stats.Sent > sent);
            }

            return GC.GetTotalAllocatedBytes(true) - before;
        }

        SendMany(500);
        var each = SendMany(1000) / 1000;
        output.WriteLine($"{each} bytes a mask message, all threads");
        Assert.InRange(each, 0, 1024);
    }
}
