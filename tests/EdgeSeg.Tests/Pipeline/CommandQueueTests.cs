using System.Text;
using System.Text.Json.Nodes;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Pipeline;

public sealed partial class CommandQueueTests : IDisposable
{
    private static readonly AsyncApi api = AsyncApi.Load();
    private readonly FakeTimeProvider time = new(Samples.Utc);
    private readonly List<Reply> replies = [];
    private readonly CommandQueue queue;
    private bool clockSynced = true;
    private int arrivals;

    public CommandQueueTests() =>
        queue = new CommandQueue(CommandParserTests.Topics, Samples.Session, time, () => clockSynced, replies.Add, () => arrivals++);

    public void Dispose()
    {
        queue.Dispose();
        // whatever a test made it say keeps to the published schema
        foreach (var reply in replies)
            Assert.Empty(api.Errors("Reply", Text(reply)));
    }

    private static string Text(Reply reply) => Encoding.UTF8.GetString(reply.Payload);

    private static JsonNode Json(Reply reply) => JsonNode.Parse(Text(reply))!;

    private static string Code(Reply reply) => Json(reply)["error"]!["code"]!.GetValue<string>();

    private static string Kind(Reply reply) => Json(reply)["reply"]!.GetValue<string>();

    private void Send(
        string json,
        string word = "click",
        string? to = "clients/a",
        byte[]? correlation = null,
        uint expiryS = 0,
        bool retained = false,
        bool tooLarge = false
    ) =>
        queue.Receive(
            new IncomingMessage(
                $"edgeseg/v1/robot-7/cam/front/cmd/{word}",
                Encoding.UTF8.GetBytes(json),
                tooLarge,
                retained,
                to,
                correlation,
                expiryS
            )
        );

    private const string Click = """{"id":"r1","points":[[1,2]]}""";

    private PendingCommand Take()
    {
        Assert.True(queue.TryTake(out var pending));
        return pending;
    }

    private static byte[] MaskBytes()
    {
        using var buffer = new JsonBuffer();
        return MaskMessage
            .Write(
                buffer,
                Samples.MaskInfo("r1"),
                Samples.Found(),
                Samples.Geometry,
                Samples.Counts,
                default,
                MessageLimits.MaxMessageBytes
            )
            .ToArray();
    }

    [Fact]
    public void A_request_is_accepted_then_answered_with_its_result_and_its_correlation_data()
    {
        Send(Click, correlation: [1, 2]);
        Assert.Equal(1, arrivals);
        var pending = Take();
        Assert.Equal("r1", pending.Command.Id);
        Assert.True(queue.Complete(pending, MaskBytes(), MessageLimits.MaxMessageBytes));
        Assert.Equal(["accepted", "result"], replies.Select(Kind));
        Assert.All(replies, r => Assert.Equal(("clients/a", "0102"), (r.Topic, Convert.ToHexString(r.Correlation!))));
        Assert.All(
            replies,
            r => Assert.Equal(("r1", Samples.Session), (Json(r)["request"]!.GetValue<string>(), Json(r)["session"]!.GetValue<string>()))
        );
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(MaskBytes()), Json(replies[1])["result"]));
    }

    [Fact]
    public void A_request_is_answered_once_only()
    {
        Send(Click);
        var pending = Take();
        Assert.True(queue.Fail(pending, new CommandError(CommandErrorCode.FrameGone, "gone")));
        Assert.False(queue.Complete(pending, [], MessageLimits.MaxMessageBytes));
        Assert.False(queue.Fail(pending, new CommandError(CommandErrorCode.Internal, "again")));
        Assert.Equal(2, replies.Count);
        Assert.Equal("frame_gone", Code(replies[1]));
        Assert.False(queue.TryTake(out _));
    }

    [Fact]
    public void A_repeated_request_is_answered_with_the_same_bytes_and_not_carried_out_again()
    {
        Send(Click, correlation: [1]);
        Send(Click, correlation: [2]);
        Assert.Equal(replies[0].Payload, replies[1].Payload);
        Assert.Equal([2], replies[1].Correlation!);
        queue.Complete(Take(), MaskBytes(), MessageLimits.MaxMessageBytes);
        Send(Click, correlation: [3]);
        Assert.Equal("result", Kind(replies[3]));
        Assert.Equal(replies[2].Payload, replies[3].Payload);
        Assert.Equal([3], replies[3].Correlation!);
        Assert.False(queue.TryTake(out _));
        Assert.Equal(new CommandCounts(1, 0, 2, 0), queue.Counts);
    }

    [Fact]
    public void Correlation_data_identify_a_repeat_where_there_is_no_id()
    {
        Send("{}", "auto", correlation: [7]);
        Send("{}", "auto", correlation: [7]);
        Send("{}", "auto", correlation: [8]);
        Send("{}", "auto");
        Send("{}", "auto");
        Assert.Equal(4, queue.Waiting);
    }

    [Fact]
    public void The_same_id_of_another_client_is_another_request()
    {
        Send(Click, to: "clients/a");
        Send(Click, to: "clients/b");
        Assert.Equal(2, queue.Waiting);
    }

    [Fact]
    public void An_id_used_for_another_command_is_refused_and_the_first_answer_stays()
    {
        Send(Click);
        Send("""{"id":"r1"}""", "auto");
        Assert.Equal("bad_request", Code(replies[1]));
        queue.Complete(Take(), [], MessageLimits.MaxMessageBytes);
        Send(Click);
        Assert.Equal(replies[2].Payload, replies[3].Payload);
    }

    [Fact]
    public void A_repeated_refused_request_is_refused_again()
    {
        Send("""{"id":"r1"}""");
        Send("""{"id":"r1","points":[[1,1]]}""");
        Assert.Equal(["bad_request", "bad_request"], replies.Select(Code));
        Assert.Equal(replies[0].Payload, replies[1].Payload);
    }

    [Fact]
    public void Retained_commands_are_refused_and_not_kept()
    {
        Send(Click, retained: true);
        Assert.Equal("retained", Code(replies[0]));
        Assert.False(queue.TryTake(out _));
        Send(Click);
        Assert.Equal("accepted", Kind(replies[1]));
    }

    [Fact]
    public void A_command_too_large_to_be_read_is_refused()
    {
        Send("", tooLarge: true, correlation: [1]);
        Assert.Equal("too_large", Code(replies[0]));
    }

    [Fact]
    public void A_full_queue_answers_busy_and_the_same_may_be_tried_again()
    {
        for (var i = 0; i < PipelineLimits.CommandQueue; i++)
            Send($$"""{"id":"q{{i}}"}""", "auto");
        Send(Click);
        Assert.Equal("busy", Code(replies[^1]));
        // one in progress is not answered yet, so it counts
        var pending = Take();
        Send(Click);
        Assert.Equal("busy", Code(replies[^1]));
        queue.Complete(pending, [], MessageLimits.MaxMessageBytes);
        Send(Click);
        Assert.Equal("accepted", Kind(replies[^1]));
    }

    [Fact]
    public void A_command_that_waited_beyond_its_message_expiry_is_expired()
    {
        Send(Click, expiryS: 2);
        Send("""{"id":"r2"}""", "auto", expiryS: 3);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("r2", Take().Command.Id);
        Assert.Equal("expired", Code(replies[^1]));
        Assert.Equal("r1", Json(replies[^1])["request"]!.GetValue<string>());
    }
}
