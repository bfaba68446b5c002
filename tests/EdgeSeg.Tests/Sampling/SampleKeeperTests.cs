using System.Text;
using System.Text.Json.Nodes;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using Microsoft.Extensions.Time.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Sampling;

public sealed class SampleKeeperTests : IDisposable
{
    private const int Width = 64,
        Height = 48;

    private readonly Scratch scratch = new();
    private readonly HeldSink sink = new();
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero));
    private readonly List<string> reports = [];
    private readonly Segmentation mask = new();
    private readonly Mat pixels = new(Height, Width, MatType.CV_8UC3, new Scalar(10, 20, 200));
    private long sequence;

    public void Dispose()
    {
        pixels.Dispose();
        scratch.Dispose();
    }

    private SampleStore Store => new(SampleStore.FolderOf(scratch.Path));

    private SampleKeeper Keeper(Action<SampleSettings>? change = null)
    {
        var settings = new SampleSettings { Enabled = true, Upload = "labels" };
        change?.Invoke(settings);
        return new SampleKeeper(settings, scratch.Path, "robot-7", Samples.Session, sink, reports.Add, time);
    }

    private void Frame(SampleKeeper keeper, bool isFound, float score = 0.9f, float agreement = float.NaN, bool isUsable = true)
    {
        mask.Mask.Reset(Width, Height);
        if (isFound)
            mask.Mask.SetRun(10, 5, 25);
        (mask.Found, mask.Agreement) = (isFound, agreement);
        keeper.Consider(new SampleFrame("front", ++sequence, time.GetUtcNow()), pixels, mask, score, isUsable, Samples.Model);
    }

    [Fact]
    public async Task Each_reason_keeps_its_frame_and_an_ordinary_frame_is_not_kept()
    {
        using var keeper = Keeper();
        Frame(keeper, true);
        Frame(keeper, true, agreement: 0.9f);
        await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 1);
        await KeptAfter(keeper, () => Frame(keeper, true, agreement: 0.2f), 2);
        await KeptAfter(keeper, () => Frame(keeper, false, score: 0), 3);
        await KeptAfter(
            keeper,
            () => keeper.KeepCorrection(new SampleFrame("front", 99, time.GetUtcNow()), pixels, Found(), Samples.Model),
            4
        );
        Frame(keeper, false, score: 0);
        var kept = Store.List(out _);
        Assert.Equal(
            [SampleReason.LowScore, SampleReason.Disagreement, SampleReason.Vanished, SampleReason.Correction],
            kept.Select(k => k.Sample.Reason)
        );
        Assert.Equal([3, 4, 5, 99], kept.Select(k => int.Parse(k.Sample.Frame.Split('-')[^1])));
        Assert.Equal(20, kept[0].Sample.Mask!.Area);
        Assert.Null(kept[2].Sample.Mask);
        using var picture = Cv2.ImRead(kept[0].Picture);
        Assert.Equal((Width, Height), (picture.Cols, picture.Rows));
    }

    [Fact]
    public async Task The_same_reason_waits_for_the_gap_and_a_black_picture_is_no_loss()
    {
        using var keeper = Keeper(s => s.MinGapS = 60);
        await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 1);
        Frame(keeper, true, score: 0.3f);
        time.Advance(TimeSpan.FromSeconds(61));
        await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 2);
        // covered lens, then an empty scene: the frame before had nothing
        Frame(keeper, false, score: 0, isUsable: false);
        Frame(keeper, false, score: 0);
        await KeptAfter(
            keeper,
            () => keeper.KeepCorrection(new SampleFrame("front", 99, time.GetUtcNow()), pixels, Found(), Samples.Model),
            3
        );
        Assert.DoesNotContain(Store.List(out _), k => k.Sample.Reason == SampleReason.Vanished);
    }

    [Fact]
    public async Task A_day_s_limit_and_a_full_queue_are_counted()
    {
        using var keeper = Keeper(s => (s.MinGapS, s.MaxPerDay) = (0, 4));
        await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 1);
        // the thread is held while it sends a picture: two frames wait, the third is dropped
        sink.Release.Reset();
        Assert.True(keeper.TryRequest("front", new SamplesRequest(true, 0), (_, _) => { }));
        await Wait.UntilAsync(() => sink.Held, "the thread is held");
        for (var i = 0; i < 3; i++)
            Frame(keeper, true, score: 0.3f);
        Assert.Equal(1, keeper.Stats.Dropped);
        sink.Release.Set();
        await Wait.UntilAsync(() => keeper.Stats.Written == 3, "those that waited are written");
        await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 4);
        Frame(keeper, true, score: 0.3f);
        await Wait.UntilAsync(() => keeper.Stats.OverLimit == 1, "the fifth is over the limit");
        Assert.Equal((4, 4L, 0L), (keeper.Stats.Kept, keeper.Stats.Written, keeper.Stats.Failed));
    }

    [Fact]
    public async Task A_disk_that_fails_is_reported_once_and_keeping_goes_on_when_it_is_back()
    {
        var place = scratch.Write("samples", "in the way"u8.ToArray());
        using var keeper = Keeper(s => s.MinGapS = 0);
        await Wait.UntilAsync(() => keeper.Fault is not null, "the fault");
        Frame(keeper, true, score: 0.3f);
        await Wait.UntilAsync(() => keeper.Stats.Failed == 2, "the frame is counted");
        Assert.Equal(0, keeper.Stats.Written);
        File.Delete(place);
        await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 1);
        await Wait.UntilAsync(() => keeper.Fault is null, "the fault is over");
        Assert.Single(reports, r => r.StartsWith("frames cannot be kept", StringComparison.Ordinal));
        Assert.Single(reports, r => r.Contains("again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Numbers_go_on_after_the_folder_was_lost()
    {
        using var keeper = Keeper(s => s.MinGapS = 0);
        await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 1);
        Directory.Delete(Store.Folder, recursive: true);
        var place = scratch.Write("samples", "in the way"u8.ToArray());
        Frame(keeper, true, score: 0.3f);
        await Wait.UntilAsync(() => keeper.Fault is not null, "the fault");
        File.Delete(place);
        await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 2);
        Assert.Equal([2], Store.List(out _).Select(k => k.Sample.Number));
    }

    [Fact]
    public async Task A_restart_goes_on_with_numbers_and_with_the_day_s_limit()
    {
        using (var keeper = Keeper(s => (s.MinGapS, s.MaxPerDay) = (0, 2)))
            await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 1);
        time.Advance(TimeSpan.FromHours(1));
        using var second = Keeper(s => (s.MinGapS, s.MaxPerDay) = (0, 2));
        await KeptAfter(second, () => Frame(second, true, score: 0.3f), 1);
        Frame(second, true, score: 0.3f);
        await Wait.UntilAsync(() => second.Stats.OverLimit == 1, "the limit of the day");
        Assert.Equal([1, 2], Store.List(out _).Select(k => k.Sample.Number));
    }

    [Fact]
    public async Task Numbers_go_on_after_a_purge_and_a_restart()
    {
        using (var keeper = Keeper(s => s.MinGapS = 0))
        {
            await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 1);
            await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 2);
        }

        Assert.Equal(2, Store.Purge());
        using var second = Keeper(s => s.MinGapS = 0);
        await KeptAfter(second, () => Frame(second, true, score: 0.3f), 1);
        Assert.Equal([3], Store.List(out _).Select(k => k.Sample.Number));
        var answer = await AskAsync(second, new SamplesRequest(true, 2));
        Assert.Equal(3, answer["sample"]!["number"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_command_is_answered_with_counts_and_with_a_picture_only_on_request()
    {
        using var keeper = Keeper(s => s.MinGapS = 0);
        await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 1);
        await KeptAfter(keeper, () => Frame(keeper, true, score: 0.3f), 2);
        var counts = await AskAsync(keeper, new SamplesRequest(false, 0));
        Assert.Equal((2, null), (counts["kept"]!.GetValue<int>(), counts["sample"]));
        Assert.Empty(sink.Sent);
        var picture = await AskAsync(keeper, new SamplesRequest(true, 1));
        Assert.Equal((2, "labels"), (picture["sample"]!["number"]!.GetValue<int>(), picture["topic"]!.GetValue<string>()));
        Assert.Equal(["labels"], sink.Sent);
        var none = await AskAsync(keeper, new SamplesRequest(true, 2));
        Assert.Null(none["sample"]);
        Assert.Null(none["topic"]);
        Assert.Equal(["labels"], sink.Sent);
    }

    private Segmentation Found()
    {
        mask.Mask.Reset(Width, Height);
        mask.Mask.SetRun(3, 1, 9);
        mask.Found = true;
        return mask;
    }

    private static async Task KeptAfter(SampleKeeper keeper, Action act, long written)
    {
        act();
        await Wait.UntilAsync(() => keeper.Stats.Written == written, $"{written} frames are written");
    }

    private static async Task<JsonNode> AskAsync(SampleKeeper keeper, SamplesRequest request)
    {
        string? answer = null;
        Assert.True(
            keeper.TryRequest(
                "front",
                request,
                (result, error) => Volatile.Write(ref answer, error?.Sentence ?? Encoding.UTF8.GetString(result))
            )
        );
        await Wait.UntilAsync(() => Volatile.Read(ref answer) is not null, "an answer");
        Assert.Empty(AsyncApi.Load().Errors("SamplesResult", answer!));
        return JsonNode.Parse(answer!)!;
    }

    /// <summary>Takes pictures; waits inside until it is released.</summary>
    private sealed class HeldSink : IMessageSink
    {
        public ManualResetEventSlim Release { get; } = new(true);

        public List<string> Sent { get; } = [];

        public volatile bool Held;

        public int MaxPayloadBytes => MessageLimits.MaxMessageBytes;

        public bool HasRoom => true;

        public bool TryPublishMask(string topic, ReadOnlySpan<byte> payload) => true;

        public bool TryPublish(
            string topic,
            ReadOnlySpan<byte> payload,
            string contentType,
            double expiryS,
            IReadOnlyList<KeyValuePair<string, string>>? properties = null
        )
        {
            Held = true;
            Release.Wait();
            Sent.Add(topic);
            return true;
        }

        public bool TryReply(string topic, ReadOnlySpan<byte> payload, byte[]? correlation) => true;
    }
}
