using EdgeSeg.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Masks;

public class MaskMatPngTests
{
    [Fact]
    public void OpenCV_reads_the_same_pixels()
    {
        foreach (var (width, height) in MaskSamples.Sizes)
        {
            var mask = MaskSamples.Noise(width, height, 11, 0.4);
            using var read = Cv2.ImDecode(MaskMat.ToPng(mask), ImreadModes.Unchanged);
            Assert.Equal(MatType.CV_8UC1, read.Type());
            var back = new BinaryMask();
            MaskMat.FromMat(read, back);
            Assert.Equal((width, height), (back.Width, back.Height));
            Assert.Equal(mask.Words, back.Words);
            Assert.Equal(mask.Area(), Cv2.CountNonZero(read));
        }
    }

    [Fact]
    public void The_file_has_one_bit_per_pixel_and_is_small()
    {
        var png = MaskMat.ToPng(MaskSamples.Blobs());
        Assert.Equal(1, png[24]);
        Assert.InRange(png.Length, 57, 2000);
    }

    [Fact]
    public void A_mask_of_no_size_is_refused() => Assert.Throws<ArgumentException>(() => MaskMat.ToPng(new BinaryMask()));
}
