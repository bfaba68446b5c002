using System.Text;
using EdgeSeg.Telemetry;
using EdgeSeg.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Mqtt;

public class OutboxTests
{
    private readonly FakeTimeProvider time = new();

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private static bool Mask(Outbox outbox, string text, int expiryS = 5) =>
        outbox.OfferStream("mask", Bytes(text), MqttLink.Json, expiryS);

    private static string Drain(Outbox outbox, SendOutcome outcome = SendOutcome.Sent)
    {
        var taken = new List<string>();
        while (outbox.Take() is { } slot)
        {
            taken.Add(Encoding.ASCII.GetString(slot.Payload));
            outbox.Done(slot, outcome);
        }

        return string.Join(' ', taken);
    }

    [Fact]
    public void While_the_link_is_up_masks_go_in_order()
    {
        var outbox = new Outbox(time);
        foreach (var n in new[] { "1", "2", "3" })
            Assert.False(Mask(outbox, n));
        Assert.Equal("1 2 3", Drain(outbox));
    }

    [Fact]
    public void What_piled_up_off_line_goes_newest_first_and_then_in_order_again()
    {
        var outbox = new Outbox(time);
        outbox.BeginOffline();
        foreach (var n in new[] { "1", "2", "3" })
            Mask(outbox, n);
        Assert.Equal("3 2 1", Drain(outbox));
        foreach (var n in new[] { "4", "5" })
            Mask(outbox, n);
        Assert.Equal("4 5", Drain(outbox));
    }

    [Fact]
    public void The_stream_is_bounded_and_drops_its_oldest()
    {
        var outbox = new Outbox(time, streamSlots: 3);
        for (var i = 1; i <= 10; i++)
            Assert.Equal(i > 3, Mask(outbox, $"{i}"));
        Assert.Equal(3, outbox.Waiting);
        Assert.Equal("8 9 10", Drain(outbox));
        Assert.Equal(new LinkDrops(7, 0, 0, 0), outbox.Drops);
    }

    [Fact]
    public void Each_message_has_its_own_expiry()
    {
        var outbox = new Outbox(time);
        Mask(outbox, "short", 5);
        Mask(outbox, "long", 60);
        time.Advance(TimeSpan.FromSeconds(4.9));
        var slot = outbox.Take()!;
        Assert.Equal(1u, slot.Message.MessageExpiryInterval);
        outbox.Done(slot, SendOutcome.Sent);
        Mask(outbox, "short again", 5);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("long", Drain(outbox));
        Assert.Equal(1, outbox.Drops.Expired);
    }

    [Fact]
    public void State_keeps_only_its_latest_value_and_goes_first()
    {
        var outbox = new Outbox(time);
        Mask(outbox, "mask");
        outbox.OfferReply("reply", Bytes("reply"), null);
        for (var i = 0; i < 1000; i++)
            outbox.OfferState("status", Bytes($"status{i}"));
        outbox.OfferState("info", Bytes("info"));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("status999 info reply mask", Drain(outbox));
        Assert.Equal("", Drain(outbox));
        outbox.BeginOnline();
        Assert.Equal("status999 info", Drain(outbox));
    }

    [Fact]
    public void State_set_while_its_old_value_is_being_sent_goes_after_it()
    {
        var outbox = new Outbox(time);
        outbox.OfferState("status", Bytes("old"));
        var slot = outbox.Take()!;
        outbox.OfferState("status", Bytes("new"));
        Assert.Equal("old", Encoding.ASCII.GetString(slot.Payload));
        outbox.Done(slot, SendOutcome.Sent);
        Assert.Equal("new", Drain(outbox));
    }

    [Fact]
    public void State_topics_are_bounded_and_a_cleared_one_makes_room()
    {
        var outbox = new Outbox(time);
        for (var i = 0; i < MqttLimits.StateTopics; i++)
            Assert.True(outbox.OfferState($"t{i}", Bytes("x")));
        Assert.False(outbox.OfferState("one more", Bytes("x")));
        Assert.True(outbox.OfferState("t5", []));
        Drain(outbox);
        Assert.True(outbox.OfferState("one more", Bytes("x")));
    }

    [Fact]
    public void Replies_and_state_outlive_a_lost_connection_and_a_mask_is_counted()
    {
        var outbox = new Outbox(time);
        outbox.OfferState("status", Bytes("status"));
        outbox.OfferReply("r", Bytes("r1"), [1, 2]);
        outbox.OfferReply("r", Bytes("r2"), null);
        Mask(outbox, "m");
        for (var i = 0; i < 2; i++)
        {
            var slot = outbox.Take()!;
            outbox.Done(slot, i == 0 ? SendOutcome.Sent : SendOutcome.Lost);
        }

        outbox.BeginOffline();
        outbox.BeginOnline();
        Assert.Equal("status r1 r2 m", Drain(outbox));
        Mask(outbox, "m2");
        outbox.Done(outbox.Take()!, SendOutcome.Lost);
        Mask(outbox, "m3");
        outbox.Done(outbox.Take()!, SendOutcome.TooLarge);
        Assert.Equal(new LinkDrops(0, 0, 1, 1), outbox.Drops);
    }

    [Fact]
    public void A_stuck_send_and_a_full_ring_never_run_out_of_slots()
    {
        var outbox = new Outbox(time, streamSlots: 4);
        Mask(outbox, "stuck");
        var stuck = outbox.Take()!;
        for (var i = 0; i < 100; i++)
            Mask(outbox, $"{i}");
        Assert.Equal("stuck", Encoding.ASCII.GetString(stuck.Payload));
        outbox.Done(stuck, SendOutcome.Sent);
        Assert.Equal("96 97 98 99", Drain(outbox));
    }

    [Fact]
    public void Handing_over_allocates_nothing_once_warm()
    {
        var outbox = new Outbox(TimeProvider.System);
        var payload = new byte[5000];
        Cycle();
        Assert.Equal(0, Allocations.Least(Cycle));

        void Cycle()
        {
            for (var i = 0; i < 1000; i++)
            {
                outbox.OfferStream("mask", payload, MqttLink.Json, 5);
                outbox.Done(outbox.Take()!, SendOutcome.Sent);
            }
        }
    }
}
