using System.Text.Json;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision;

public class MaskTests
{
    [Fact]
    public void Coco_run_lengths_are_json_that_gives_the_mask_again()
    {
        var mask = Of(MaskSamples.Blobs());
        using var json = JsonDocument.Parse(mask.ToCocoRle());
        var size = json.RootElement.GetProperty("size");
        Assert.Equal((260, 300), (size[0].GetInt32(), size[1].GetInt32()));
        var back = new BinaryMask();
        Assert.True(
            new RunLength().TryDecode(json.RootElement.GetProperty("counts").GetString()!, 300, 260, back, out var problem),
            problem
        );
        Assert.Equal(1, BinaryMask.Iou(MaskSamples.Blobs(), back));
    }

    [Fact]
    public void A_mask_of_noise_has_run_lengths_too_however_long()
    {
        var noise = MaskSamples.Noise(1000, 800, 3);
        using var json = JsonDocument.Parse(Of(noise).ToCocoRle());
        var counts = json.RootElement.GetProperty("counts").GetString()!;
        Assert.InRange(counts.Length, 200_000, 800_000);
        var back = new BinaryMask();
        Assert.True(new RunLength().TryDecode(counts, 1000, 800, back, out var problem), problem);
        Assert.Equal(1, BinaryMask.Iou(noise, back));
    }

    [Fact]
    public void Png_and_mat_hold_the_same_pixels()
    {
        var mask = Of(MaskSamples.Blobs());
        using var mat = mask.ToMat();
        using var png = Cv2.ImDecode(mask.ToPng(), ImreadModes.Grayscale);
        Assert.Equal(MatType.CV_8UC1, mat.Type());
        Assert.Equal(mask.Area, Cv2.CountNonZero(mat));
        Assert.Equal(0, Cv2.Norm(mat, png, NormTypes.L1));
        Assert.Equal(255, mat.At<byte>(80, 225));
        Assert.Equal(0, mat.At<byte>(118, 100));
    }

    [Fact]
    public void The_exact_polygon_has_the_area_of_the_mask()
    {
        var mask = Of(MaskSamples.Blobs());
        var polygon = mask.ToPolygon(0);
        Assert.Equal(mask.Area, polygon.Rings.Sum(r => (r.Hole ? -1 : 1) * Math.Abs(SignedArea(r))), 1e-6);
        Assert.Equal(1, polygon.Rings.Count(r => r.Hole));
        Assert.Throws<ArgumentOutOfRangeException>(() => mask.ToPolygon(-1));
    }

    [Fact]
    public void Two_masks_compare_by_iou()
    {
        var mask = Of(MaskSamples.Blobs());
        Assert.Equal(1, mask.Iou(mask));
        Assert.Equal(0.5, Of(MaskSamples.Of(20, 20, (x, _) => x < 10)).Iou(Of(MaskSamples.Of(20, 20, (_, _) => true))));
        Assert.Throws<ArgumentException>(() => mask.Iou(Of(MaskSamples.Noise(8, 8, 1))));
    }

    [Fact]
    public void Drawing_leaves_the_picture_as_it_is_and_refuses_another_size()
    {
        var mask = Of(MaskSamples.Blobs());
        using var image = new Mat(260, 300, MatType.CV_8UC3, new Scalar(90, 120, 60));
        using var drawn = mask.DrawOn(image);
        Assert.NotEqual(new Vec3b(90, 120, 60), drawn.At<Vec3b>(110, 40));
        Assert.Equal(new Vec3b(90, 120, 60), drawn.At<Vec3b>(118, 110));
        Assert.Equal(new Vec3b(90, 120, 60), image.At<Vec3b>(110, 40));
        using var other = new Mat(20, 20, MatType.CV_8UC3, Scalar.All(0));
        Assert.Throws<ArgumentException>(() => mask.DrawOn(other));
    }

    [Fact]
    public void Pixels_outside_the_picture_do_not_belong_to_the_object()
    {
        var mask = Of(MaskSamples.Of(20, 20, (_, _) => true));
        Assert.True(mask[0, 0] && mask[19, 19], "the corners are set");
        Assert.False(mask[-1, 0] || mask[0, 20] || mask[20, 0], "outside the picture nothing is set");
    }

    private static Mask Of(BinaryMask bits)
    {
        var source = new Segmentation
        {
            Found = true,
            Score = 0.5f,
            PredictedIou = 0.5f,
        };
        source.Mask.CopyFrom(bits);
        source.Geometry = bits.Measure();
        return new Mask(source);
    }

    private static double SignedArea(Ring ring)
    {
        double sum = 0;
        for (var i = 0; i < ring.Vertices.Count; i++)
        {
            var (a, b) = (ring.Vertices[i], ring.Vertices[(i + 1) % ring.Vertices.Count]);
            sum += (double)a.X * b.Y - (double)b.X * a.Y;
        }

        return sum / 2;
    }
}
