using EdgeSeg.Vision.Prompts;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeSeg.Vision.Models;

/// <summary>One pass of <see cref="SqueezeSam"/>'s graph, with a prompt or without.</summary>
internal sealed class SqueezeSamDecoding : Decoding
{
    private readonly ModelSession session;
    private readonly Tensor<float> points,
        saliency;
    private PreparedPicture? bound;

    public SqueezeSamDecoding(ModelSession session, long[] pointShape, long[] maskShape, long[] iouShape, long[] saliencyShape)
        : base(session.CreateBinding(), maskShape, iouShape, RankBy.Score)
    {
        this.session = session;
        points = new Tensor<float>(TensorElementType.Float, pointShape);
        saliency = new Tensor<float>(TensorElementType.Float, saliencyShape);
        Binding.BindInput("points", points.Value);
        Binding.BindOutput("masks", MaskValue);
        Binding.BindOutput("iou", IouValue);
        Binding.BindOutput("saliency", saliency.Value);
    }

    /// <summary>Logits of the last pass; they mean something when it had no prompt.</summary>
    public ReadOnlySpan<float> Saliency => saliency.Span;

    public void RunUnprompted(PreparedPicture picture)
    {
        points.Span.Fill(PointLabel.Unused);
        Run(picture);
    }

    protected override void RunGraph(Embedding embedding, PromptBuffer prompt)
    {
        Write(prompt, embedding.FrameWidth, embedding.FrameHeight);
        Run((PreparedPicture)embedding);
    }

    private void Run(PreparedPicture picture)
    {
        // binding allocates, and nearly always the same picture's memory comes again
        if (!ReferenceEquals(bound, picture))
            Binding.BindInput("image", picture.Image.Value);
        bound = picture;
        session.Run(Binding);
    }

    private void Write(PromptBuffer prompt, int width, int height)
    {
        var p = points.Span;
        p.Fill(PointLabel.Unused);
        var at = 0;
        if (prompt.Box is { } box)
        {
            at = Write(p, at, box.X0 / width, box.Y0 / height, PointLabel.BoxTopLeft);
            at = Write(p, at, box.X1 / width, box.Y1 / height, PointLabel.BoxBottomRight);
        }

        foreach (var click in prompt.Clicks)
            at = Write(p, at, click.X / width, click.Y / height, click.IsNegative ? PointLabel.NegativeClick : PointLabel.Click);

        static int Write(Span<float> p, int at, float x, float y, float label)
        {
            (p[at], p[at + 1], p[at + 2]) = (x, y, label);
            return at + 3;
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        points.Dispose();
        saliency.Dispose();
    }
}
