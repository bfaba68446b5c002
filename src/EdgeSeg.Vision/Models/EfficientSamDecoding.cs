using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.Models;

/// <summary>One run of <see cref="EfficientSam"/>'s decoder.</summary>
internal sealed class EfficientSamDecoding : Decoding
{
    private readonly ModelSession decoder;
    private readonly EfficientSamInputs inputs;
    private EncodedPicture? bound;

    public EfficientSamDecoding(ModelSession decoder, EfficientSamContract contract)
        : base(decoder.CreateBinding(), contract.MaskShape, contract.ScoreShape, RankBy.PredictedIou)
    {
        this.decoder = decoder;
        inputs = contract.CreateInputs();
        inputs.Bind(Binding);
        Binding.BindOutput(EfficientSamContract.Masks, MaskValue);
        Binding.BindOutput(EfficientSamContract.Scores, IouValue);
    }

    protected override void RunGraph(Embedding embedding, PromptBuffer prompt)
    {
        var picture = (EncodedPicture)embedding;
        inputs.Write(prompt, picture.FrameWidth, picture.FrameHeight);
        // binding allocates, and nearly always the same picture's memory comes again
        if (!ReferenceEquals(bound, picture))
            Binding.BindInput(EfficientSamContract.Features, picture.Features.Value);
        bound = picture;
        decoder.Run(Binding);
    }

    public override void Dispose()
    {
        base.Dispose();
        inputs.Dispose();
    }
}
