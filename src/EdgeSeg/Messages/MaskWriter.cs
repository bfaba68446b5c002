using System.Buffers;
using System.Runtime.InteropServices;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Messages;

/// <summary>
/// Segmentation to message bytes: run lengths, outlines if asked for, JSON. One instance a thread; without outlines nothing is allocated
/// once warm.
/// </summary>
internal sealed class MaskWriter : IDisposable
{
    private readonly RunLength runLength = new();
    private readonly ArrayBufferWriter<byte> counts = new(4096);
    private readonly JsonBuffer json = new();
    private readonly List<float> points = [];
    private readonly List<int> ringLengths = [];
    private readonly List<bool> holes = [];

    /// <summary>Outlines to within this many pixels; null: none.</summary>
    public double? PolygonTolerancePx { get; init; }

    /// <summary>The message; valid until the next call.</summary>
    public ReadOnlySpan<byte> Write(scoped in MaskInfo info, Segmentation result, int maxBytes)
    {
        counts.ResetWrittenCount();
        var encoded = runLength.TryEncode(result.Mask, counts, Math.Min(maxBytes, RunLength.MaxCountsBytes));
        var tolerance = Trace(result);
        var rings = new PolygonRings(
            CollectionsMarshal.AsSpan(points),
            CollectionsMarshal.AsSpan(ringLengths),
            CollectionsMarshal.AsSpan(holes),
            tolerance
        );
        return MaskMessage.Write(json, info, result, result.Geometry, encoded ? counts.WrittenSpan : [], rings, maxBytes);
    }

    private double Trace(Segmentation result)
    {
        points.Clear();
        ringLengths.Clear();
        holes.Clear();
        if (PolygonTolerancePx is not { } tolerance || !result.Found)
            return 0;
        var polygon = Polygon.Trace(result.Mask, tolerance);
        foreach (var ring in polygon.Rings)
        {
            ringLengths.Add(ring.Vertices.Count);
            holes.Add(ring.Hole);
            foreach (var vertex in ring.Vertices)
            {
                points.Add(vertex.X);
                points.Add(vertex.Y);
            }
        }

        return polygon.TolerancePx;
    }

    public void Dispose() => json.Dispose();
}
