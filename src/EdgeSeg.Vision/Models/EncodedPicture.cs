using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// EfficientSAM's embedding: the encoder's output, float [1,C,h,w] (4 MB), and the small picture from which the saliency clicks come.
/// </summary>
internal sealed class EncodedPicture : Embedding
{
    private bool waiting;

    /// <param name="encoding">The encoder's inputs and outputs; this object owns them. The output is bound here.</param>
    /// <param name="shape">[1,C,h,w]</param>
    /// <param name="saliencyInput">The picture in the saliency model's size, if there is one; this object owns it.</param>
    public EncodedPicture(ModelBinding encoding, long[] shape, Embedding? saliencyInput)
    {
        (Encoding, SaliencyInput) = (encoding, saliencyInput);
        Features = new Tensor<float>(TensorElementType.Float, shape);
        encoding.BindOutput(EfficientSamContract.Features, Features.Value);
    }

    public ModelBinding Encoding { get; }

    public Tensor<float> Features { get; }

    public Embedding? SaliencyInput { get; }

    public bool IsDisposed { get; private set; }

    public override bool IsWaiting => waiting;

    /// <summary>Declares that a picture of this size waits for the encoder.</summary>
    public void Take(int frameWidth, int frameHeight) => (FrameWidth, FrameHeight, waiting) = (frameWidth, frameHeight, true);

    public void MarkEncoded() => waiting = false;

    public override void Dispose()
    {
        if (IsDisposed)
            return;
        IsDisposed = true;
        Encoding.Dispose();
        Features.Dispose();
        SaliencyInput?.Dispose();
    }
}
