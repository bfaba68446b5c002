using EdgeSeg.Vision.Prompts;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// The decoder's inputs beside the embedding: always six points (unused ones have the label -1), so that shapes never change and are bound
/// once.
/// </summary>
internal sealed class EfficientSamInputs : IDisposable
{
    private readonly Tensor<float> coordinates = new(TensorElementType.Float, 1, 1, PromptBuffer.MaxPoints, 2);
    private readonly Tensor<float> labels = new(TensorElementType.Float, 1, 1, PromptBuffer.MaxPoints);
    private readonly Tensor<long> size = new(TensorElementType.Int64, 2);
    private readonly float pad;

    public EfficientSamInputs(int width, int height, float pad)
    {
        this.pad = pad;
        size.Span[0] = height;
        size.Span[1] = width;
        Clear();
    }

    public void Bind(ModelBinding binding)
    {
        binding.BindInput(EfficientSamContract.Coordinates, coordinates.Value);
        binding.BindInput(EfficientSamContract.Labels, labels.Value);
        binding.BindInput(EfficientSamContract.PictureSize, size.Value);
    }

    /// <summary>A box is its two corners; points are scaled from the frame's size to that of the masks.</summary>
    public void Write(PromptBuffer prompt, int frameWidth, int frameHeight)
    {
        Clear();
        float sx = (float)size.Span[1] / frameWidth,
            sy = (float)size.Span[0] / frameHeight;
        var at = 0;
        if (prompt.Box is { } box)
        {
            Set(at++, box.X0 * sx, box.Y0 * sy, PointLabel.BoxTopLeft);
            Set(at++, box.X1 * sx, box.Y1 * sy, PointLabel.BoxBottomRight);
        }

        foreach (var click in prompt.Clicks)
            Set(at++, click.X * sx, click.Y * sy, PointLabel.Click);
    }

    private void Clear()
    {
        coordinates.Span.Fill(pad);
        labels.Span.Fill(PointLabel.Unused);
    }

    private void Set(int at, float x, float y, float label) =>
        (coordinates.Span[2 * at], coordinates.Span[2 * at + 1], labels.Span[at]) = (x, y, label);

    public void Dispose()
    {
        coordinates.Dispose();
        labels.Dispose();
        size.Dispose();
    }
}
