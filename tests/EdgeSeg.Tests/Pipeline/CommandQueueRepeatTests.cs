using EdgeSeg.Messages;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Pipeline;

public sealed partial class CommandQueueTests
{
    [Fact]
    public void A_command_without_an_expiry_waits_no_longer_than_the_limit()
    {
        Send(Click);
        Send("""{"id":"r2"}""", "auto", expiryS: 3600);
        time.Advance(TimeSpan.FromMilliseconds(PipelineLimits.CommandWaitMs));
        Assert.False(queue.TryTake(out _));
        Assert.Equal(["expired", "expired"], replies.TakeLast(2).Select(Code));
    }

    [Fact]
    public void The_expiry_in_the_body_counts_only_while_the_clock_is_set()
    {
        const string past = """{"id":"r1","expires_at":"2026-11-23T10:20:30Z"}""";
        Send(past, "auto");
        Assert.Equal("expired", Code(replies[0]));
        clockSynced = false;
        Send(past.Replace("r1", "r2", StringComparison.Ordinal), "auto");
        Assert.Equal("accepted", Kind(replies[1]));
    }

    [Fact]
    public void A_client_of_mqtt_3_names_its_reply_topic_and_id_in_the_body()
    {
        Send("""{"id":"r1","reply_to":"panel-1"}""", "auto", to: null);
        queue.Complete(Take(), [], MessageLimits.MaxMessageBytes);
        Assert.Equal(["accepted", "result"], replies.Select(Kind));
        Assert.All(replies, r => Assert.Equal(("edgeseg/v1/robot-7/reply/panel-1", true), (r.Topic, r.Correlation is null)));
    }

    [Fact]
    public void The_response_topic_goes_before_the_body()
    {
        Send("""{"reply_to":"panel-1"}""", "auto", to: "clients/a");
        Assert.Equal("clients/a", replies[0].Topic);
    }

    [Theory]
    [InlineData("edgeseg/v1/robot-8/cam/front/cmd/set", "{}")]
    [InlineData(null, """{"reply_to":"edgeseg/v1/robot-7/status"}""")]
    [InlineData("a/#", "{}")]
    public void A_command_with_a_foreign_response_topic_is_ignored_without_a_reply(string? to, string json)
    {
        Send(json, "auto", to: to);
        Assert.Empty(replies);
        Assert.False(queue.TryTake(out _));
        Assert.Equal(new CommandCounts(0, 1, 0, 1), queue.Counts);
    }

    [Fact]
    public void A_command_without_a_response_topic_is_carried_out()
    {
        Send("{}", "auto", to: null);
        queue.Complete(Take(), [], MessageLimits.MaxMessageBytes);
        Assert.Empty(replies);
    }

    [Fact]
    public void Correlation_data_beyond_the_limit_are_refused_and_not_sent_back()
    {
        Send(Click, correlation: new byte[PipelineLimits.MaxCorrelationBytes + 1]);
        Assert.Equal("bad_request", Code(replies[0]));
        Assert.Null(replies[0].Correlation);
    }

    [Fact]
    public void A_result_that_the_broker_would_not_take_is_answered_too_large()
    {
        Send(Click);
        Assert.True(queue.Complete(Take(), MaskBytes(), 500));
        Assert.Equal("too_large", Code(replies[1]));
        Assert.InRange(replies[1].Payload.Length, 1, 500);
    }

    [Fact]
    public void A_reply_adds_no_more_than_the_limit_to_its_result()
    {
        var id = new string('a', MessageLimits.MaxRequestIdLength);
        Send($$"""{"id":"{{id}}","points":[[1,2]]}""");
        queue.Complete(Take(), MaskBytes(), MessageLimits.MaxMessageBytes);
        Assert.InRange(replies[1].Payload.Length - MaskBytes().Length, 0, PipelineLimits.ReplyOverheadBytes);
    }

    [Fact]
    public void At_the_end_everything_open_is_answered_and_nothing_more_taken()
    {
        Send(Click);
        var taken = Take();
        Send("""{"id":"r2"}""", "auto");
        queue.Close();
        Assert.Equal(["internal", "internal"], replies.TakeLast(2).Select(Code));
        Assert.False(queue.Complete(taken, [], MessageLimits.MaxMessageBytes));
        Assert.False(queue.TryTake(out _));
        Send("""{"id":"r3"}""", "auto");
        Assert.Equal("busy", Code(replies[^1]));
    }

    [Fact]
    public void Every_valid_request_of_many_is_answered_exactly_once_and_no_other_is_carried_out()
    {
        var random = new Random(4);
        var valid = new HashSet<string>();
        var done = 0;
        for (var i = 0; i < 5000; i++)
        {
            var good = random.Next(2) == 0;
            if (good)
                valid.Add("n" + i);
            Send(
                good
                    ? $$"""{"id":"n{{i}}","points":[[1,2]]}"""
                    : $$"""{"id":"n{{i}}","points":[[1,{{random.Next(1, 9)}}e{{random.Next(6, 400)}}]]}"""
            );
            if (random.Next(3) != 0)
            {
                while (queue.TryTake(out var pending))
                {
                    Assert.Contains(pending.Command.Id!, valid);
                    queue.Complete(pending, [], MessageLimits.MaxMessageBytes);
                    done++;
                }
            }
        }

        while (queue.TryTake(out var pending))
            queue.Complete(pending, [], MessageLimits.MaxMessageBytes);
        var final = replies
            .Where(r => Kind(r) != "accepted")
            .GroupBy(r => Json(r)["request"]!.GetValue<string>())
            .ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(5000, final.Count);
        Assert.All(final.Values, n => Assert.Equal(1, n));
        Assert.True(done > 1000);
        replies.RemoveRange(50, replies.Count - 50);
    }
}

public sealed class AnswerMemoryTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void Answers_are_bounded_in_number_bytes_and_time()
    {
        var memory = new AnswerMemory(time);
        for (var i = 0; i < 1000; i++)
        {
            memory.Keep(new RequestKey("t", "i" + i), "c", new byte[i % 7 == 0 ? 100_000 : 10]);
            Assert.InRange(memory.Count, 1, PipelineLimits.AnswersKept);
            Assert.InRange(memory.Bytes, 1, PipelineLimits.AnswerBytes);
        }

        Assert.True(memory.TryFind(new RequestKey("t", "i999"), out _, out var kept));
        Assert.Equal(10, kept.Length);
        Assert.False(memory.TryFind(new RequestKey("t", "i0"), out _, out _));
        time.Advance(TimeSpan.FromMilliseconds(PipelineLimits.AnswerKeptMs));
        Assert.False(memory.TryFind(new RequestKey("t", "i999"), out _, out _));
        Assert.Equal((0, 0), (memory.Count, memory.Bytes));
    }
}
