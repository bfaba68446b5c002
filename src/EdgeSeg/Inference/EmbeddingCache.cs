using EdgeSeg.Telemetry;
using OpenCvSharp;

namespace EdgeSeg.Inference;

/// <summary>
/// Embeddings of the last few frames by frame id: many clicks on one frame cost one encoding. All memory is taken at the first use of a place and kept; the
/// frame asked for longest ago gives way. One caller at a time; an embedding is valid until <see cref="Get"/> has been called for as many other frames as there are places.
/// </summary>
internal sealed class EmbeddingCache : IDisposable
{
    private readonly ISegmenter segmenter;
    private readonly Place[] places;
    private long asked;

    /// <param name="segmenter">Outlives this.</param>
    /// <param name="capacity">Frames kept, 1 to <see cref="Limits.MaxEmbeddings"/>.</param>
    public EmbeddingCache(ISegmenter segmenter, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, Limits.MaxEmbeddings);
        this.segmenter = segmenter;
        places = [.. Enumerable.Range(0, capacity).Select(_ => new Place())];
    }

    /// <summary>Pictures that were found here.</summary>
    public long Hits { get; private set; }

    /// <summary>Pictures that had to be shown to the model.</summary>
    public long Misses { get; private set; }

    /// <summary>The frame's embedding, if it is here.</summary>
    public Embedding? Find(string frame)
    {
        foreach (var place in places)
        {
            if (place.Frame != frame) continue;
            Hits++;
            place.Asked = ++asked;
            return place.Embedding;
        }

        return null;
    }

    /// <summary>The frame's embedding, made now where it is not here. A picture that fails to encode leaves no entry.</summary>
    public Embedding Get(string frame, Mat pixels, ref StageTimes times)
    {
        if (Find(frame) is { } here) return here;
        Misses++;
        var place = places[0];
        foreach (var other in places)
        {
            if (other.Asked < place.Asked) place = other;
        }

        place.Frame = null;
        place.Asked = 0;
        place.Embedding ??= segmenter.CreateEmbedding();
        segmenter.Encode(pixels, place.Embedding, ref times);
        (place.Frame, place.Asked) = (frame, ++asked);
        return place.Embedding;
    }

    public void Dispose()
    {
        foreach (var place in places) place.Embedding?.Dispose();
    }

    private sealed class Place
    {
        public string? Frame;
        public long Asked;
        public Embedding? Embedding;
    }
}
