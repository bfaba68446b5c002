using Xunit;

namespace EdgeSeg.Messages;

public sealed class ResponseTopicTests
{
    [Theory]
    [InlineData("edgeseg/v1/robot-7/reply/panel")]
    [InlineData("edgeseg/v1/robot-7/reply/panel/2")]
    [InlineData("clients/panel/answers")]
    [InlineData("edgesegment/x")]
    public void Replies_may_go_to_our_reply_topics_and_to_those_of_others(string topic) =>
        Assert.Null(ResponseTopic.Fault(CommandParserTests.Topics, topic));

    [Theory]
    [InlineData("")]
    [InlineData("clients/+/answers")]
    [InlineData("clients/#")]
    [InlineData("$SYS/broker")]
    [InlineData("$share/g/clients")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("edgeseg")]
    [InlineData("edgeseg/v1/robot-7/status")]
    [InlineData("edgeseg/v1/robot-7/info")]
    [InlineData("edgeseg/v1/robot-7/reply/")]
    [InlineData("edgeseg/v1/robot-7/model/desired")]
    [InlineData("edgeseg/v1/robot-7/cam/front/cmd/set")]
    [InlineData("edgeseg/v1/robot-8/cam/front/cmd/set")]
    [InlineData("edgeseg/v1/robot-8/reply/panel")]
    [InlineData("edgeseg/v1/fleet/all/model/desired")]
    [InlineData("EdgeSeg/v1/robot-8/status")]
    [InlineData("site/hall-3/v1/robot-8/cam/front/cmd/set")]
    public void Replies_to_topics_of_others_are_not_allowed(string topic) =>
        Assert.NotNull(ResponseTopic.Fault(CommandParserTests.Topics, topic));

    [Theory]
    [InlineData("site/hall-3/v1/robot-7/reply/panel", true)]
    [InlineData("site/panel", true)]
    [InlineData("site/hall-30/x", true)]
    [InlineData("site/hall-3", false)]
    [InlineData("site/hall-3/v1/robot-8/reply/panel", false)]
    [InlineData("Site/Hall-3/v1/robot-7/status", false)]
    [InlineData("edgeseg/v1/robot-7/reply/panel", false)]
    [InlineData("other/v1/robot-7/cam/front/cmd/set", false)]
    public void With_another_prefix_the_topics_below_it_are_protected(string topic, bool allowed) =>
        Assert.Equal(allowed, ResponseTopic.Fault(new Topics("robot-7", ["front"], "site/hall-3"), topic) is null);

    [Fact]
    public void A_long_topic_is_refused()
    {
        Assert.Null(ResponseTopic.Fault(CommandParserTests.Topics, new string('a', MessageLimits.MaxReplyTopicLength)));
        Assert.NotNull(ResponseTopic.Fault(CommandParserTests.Topics, new string('a', MessageLimits.MaxReplyTopicLength + 1)));
    }
}
