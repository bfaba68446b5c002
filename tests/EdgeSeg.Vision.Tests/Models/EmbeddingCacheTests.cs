using EdgeSeg.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Models;

public sealed class EmbeddingCacheTests : IDisposable
{
    private readonly FrameKey a = new("front", 1),
        b = new("front", 2),
        c = new("rear", 1);
    private readonly Scratch scratch = new();
    private readonly LoadedModel model;
    private readonly Mat pixels = new(20, 30, MatType.CV_8UC3, Scalar.All(90));
    private StageTimes times = StageTimes.None;

    public EmbeddingCacheTests() =>
        model = LoadedModel.Load(
            OnnxGraph.Bundle(OnnxGraph.SqueezeSam(32, 32, new float[16], [1], new float[16], 4, 4).ToBytes(), scratch.Path)
        );

    public void Dispose()
    {
        pixels.Dispose();
        model.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public void A_frame_is_encoded_once()
    {
        using var cache = new EmbeddingCache(model.Segmenter, 2);
        var first = cache.Get(a, pixels, ref times);
        Assert.Same(first, cache.Get(a, pixels, ref times));
        Assert.Equal((30, 20), (first.FrameWidth, first.FrameHeight));
        Assert.Equal((1, 1), (cache.Misses, cache.Hits));
    }

    [Fact]
    public void The_least_recently_used_frame_is_replaced_and_its_memory_reused()
    {
        using var cache = new EmbeddingCache(model.Segmenter, 2);
        var first = cache.Get(a, pixels, ref times);
        var second = cache.Get(b, pixels, ref times);
        Assert.NotSame(first, second);
        cache.Get(a, pixels, ref times);
        var third = cache.Get(c, pixels, ref times);
        Assert.Same(second, third);
        Assert.Null(cache.Find(b));
        Assert.Same(first, cache.Find(a));
    }

    [Fact]
    public void A_picture_that_cannot_be_encoded_leaves_no_entry()
    {
        using var cache = new EmbeddingCache(model.Segmenter, 1);
        cache.Get(a, pixels, ref times);
        using var grey = new Mat(20, 30, MatType.CV_8UC1);
        Assert.Throws<ArgumentException>(() => cache.Get(b, grey, ref times));
        Assert.Null(cache.Find(b));
        Assert.Null(cache.Find(a));
    }

    [Fact]
    public void A_detached_embedding_belongs_to_the_caller()
    {
        using var cache = new EmbeddingCache(model.Segmenter, 1);
        using var first = cache.Get(a, pixels, ref times);
        cache.Detach(a);
        Assert.Null(cache.Find(a));
        Assert.NotSame(first, cache.Get(b, pixels, ref times));
    }

    [Fact]
    public void A_picture_without_a_prompt_is_never_encoded()
    {
        using var sam = EfficientSamGraphs.Load(model.Bundle.Folder);
        using var cache = new EmbeddingCache(sam.Segmenter, 2);
        for (var n = 1; n < 6; n++)
            cache.Get(new FrameKey("front", n), pixels, ref times);
        Assert.True(double.IsNaN(times[Stage.Embed]));
        sam.Segmenter.EnsureEncoded(cache.Find(new FrameKey("front", 5))!, ref times);
        Assert.False(double.IsNaN(times[Stage.Embed]));
        times = StageTimes.None;
        cache.Get(new FrameKey("front", 6), pixels, ref times);
        Assert.NotNull(cache.Find(new FrameKey("front", 5)));
        Assert.True(double.IsNaN(times[Stage.Embed]));
    }

    [Fact]
    public void The_capacity_has_a_bound() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddingCache(model.Segmenter, EmbeddingCache.MaxCapacity + 1));
}
