using EdgeSeg.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Masks;

public class MaskMatTests
{
    [Fact]
    public void A_mask_survives_the_way_to_a_mat_and_back()
    {
        using var mat = new Mat();
        var back = new BinaryMask();
        foreach (var (width, height) in MaskSamples.Sizes)
        {
            var mask = MaskSamples.Noise(width, height, 5);
            MaskMat.ToMat(mask, mat);
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++)
                    Assert.Equal(mask[x, y] ? 255 : 0, mat.At<byte>(y, x));
            }
            MaskMat.FromMat(mat, back);
            Assert.Equal(mask.Words, back.Words);
        }
    }

    [Fact]
    public void Every_value_except_zero_is_set_also_in_a_part_of_a_picture()
    {
        using var whole = new Mat(40, 200, MatType.CV_8UC1, Scalar.All(0));
        whole.Set(12, 31, (byte)1);
        whole.Set(12, 150, (byte)128);
        whole.Set(13, 29, (byte)200); // outside the part
        using var part = whole[new Rect(30, 10, 130, 20)];
        var mask = new BinaryMask();
        MaskMat.FromMat(part, mask);
        Assert.Equal(2, mask.Area());
        Assert.True(mask[1, 2], "(1, 2) is set");
        Assert.True(mask[120, 2], "(120, 2) is set");
    }

    [Fact]
    public void A_colour_picture_is_refused_as_a_mask()
    {
        using var mat = new Mat(4, 4, MatType.CV_8UC3, Scalar.All(0));
        Assert.Throws<ArgumentException>(() => MaskMat.FromMat(mat, new BinaryMask()));
    }
}
