using EdgeSeg.Vision.Images;
using Microsoft.ML.OnnxRuntime.Tensors;
using OpenCvSharp;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// SqueezeSAM's embedding: the picture itself in the graph's size, uint8 [1,H,W,3] BGR, because clicks are fused at the graph's first
/// layer.
/// </summary>
internal sealed class PreparedPicture : Embedding
{
    private readonly FrameResizer resizer = new();
    private readonly Mat input;

    public PreparedPicture(int width, int height)
    {
        Image = new Tensor<byte>(TensorElementType.UInt8, 1, height, width, 3);
        input = Mat.FromPixelData(height, width, MatType.CV_8UC3, Image.Pointer);
    }

    public Tensor<byte> Image { get; }

    /// <summary>Resizes a BGR picture directly into the tensor.</summary>
    public void Fill(Mat pixels)
    {
        resizer.Fill(pixels, input);
        (FrameWidth, FrameHeight) = (pixels.Cols, pixels.Rows);
    }

    public override void Dispose()
    {
        input.Dispose();
        Image.Dispose();
    }
}
