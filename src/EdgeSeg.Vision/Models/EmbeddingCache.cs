using OpenCvSharp;

namespace EdgeSeg.Vision.Models;

/// <summary>A frame of a camera; with <paramref name="Part"/>, the region of interest of the automatic mode.</summary>
internal readonly record struct FrameKey(string Camera, long Sequence, bool Part = false);

/// <summary>
/// Embeddings of the last few frames: many clicks on one frame cost one encoding. Memory is allocated at the first use of a place and kept.
/// A picture without a prompt is replaced first, then the least recently used one. One caller at a time; an embedding is valid until
/// <see cref="Get"/> is called for another frame.
/// </summary>
internal sealed class EmbeddingCache : IDisposable
{
    /// <summary>Most frames: EfficientSAM's embeddings take 4 MB each, and an operator works on one frame at a time.</summary>
    public const int MaxCapacity = 4;

    private readonly ISegmenter segmenter;
    private readonly Place[] places;
    private long uses;

    /// <param name="segmenter">Outlives this.</param>
    /// <param name="capacity">Frames kept, 1 to <see cref="EmbeddingCache.MaxCapacity"/>.</param>
    public EmbeddingCache(ISegmenter segmenter, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, EmbeddingCache.MaxCapacity);
        this.segmenter = segmenter;
        places = [.. Enumerable.Range(0, capacity).Select(_ => new Place())];
    }

    /// <summary>Pictures that were in the cache.</summary>
    public long Hits { get; private set; }

    /// <summary>Pictures that were encoded.</summary>
    public long Misses { get; private set; }

    /// <summary>The frame's embedding; null when it is not in the cache.</summary>
    public Embedding? Find(FrameKey frame)
    {
        if (PlaceOf(frame) is not { } place)
            return null;
        Hits++;
        place.LastUse = ++uses;
        return place.Embedding;
    }

    /// <summary>The frame's embedding, encoded now when it is not in the cache. A picture that fails to encode leaves no entry.</summary>
    public Embedding Get(FrameKey frame, Mat pixels, ref StageTimes times)
    {
        if (Find(frame) is { } here)
            return here;
        Misses++;
        var place = Oldest();
        (place.Frame, place.LastUse) = (null, 0);
        place.Embedding ??= segmenter.CreateEmbedding();
        segmenter.Encode(pixels, place.Embedding, ref times);
        (place.Frame, place.LastUse) = (frame, ++uses);
        return place.Embedding;
    }

    /// <summary>Removes an embedding that <see cref="Get"/> returned from the cache: the caller owns and disposes it.</summary>
    public void Detach(FrameKey frame)
    {
        if (PlaceOf(frame) is { } place)
            (place.Frame, place.LastUse, place.Embedding) = (null, 0, null);
    }

    private Place? PlaceOf(FrameKey frame)
    {
        foreach (var place in places)
        {
            if (place.Frame == frame)
                return place;
        }

        return null;
    }

    private Place Oldest()
    {
        var oldest = places[0];
        foreach (var place in places)
        {
            // a model has memory for one waiting picture: keeping it would mean to encode it without a prompt
            if (place.Embedding is { IsWaiting: true })
                return place;
            if (place.LastUse < oldest.LastUse)
                oldest = place;
        }

        return oldest;
    }

    public void Dispose()
    {
        foreach (var place in places)
            place.Embedding?.Dispose();
    }

    private sealed class Place
    {
        public FrameKey? Frame;
        public long LastUse;
        public Embedding? Embedding;
    }
}
