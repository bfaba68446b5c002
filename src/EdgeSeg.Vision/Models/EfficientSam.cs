using System.Diagnostics;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using EdgeSeg.Vision.Saliency;
using Microsoft.ML.OnnxRuntime.Tensors;
using OpenCvSharp;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// EfficientSAM as its two published graphs (<see cref="EfficientSamContract"/>): an encoder that takes seconds, run once per picture, and
/// a decoder that takes milliseconds, run once per prompt. It has no saliency: clicks of the automatic mode come from a SqueezeSAM model.
/// The encoder runs at the first prompt: a frame on which nothing is salient is not encoded.
/// </summary>
internal sealed class EfficientSam : ISegmenter
{
    public const string Kind = "efficientsam";

    private readonly ModelSession encoder,
        decoder;
    private readonly SqueezeSam? saliencyModel;
    private readonly EfficientSamContract contract;
    private readonly Tensor<float> picture;
    private readonly EfficientSamDecoding primary;
    private EncodedPicture? waiting;

    /// <summary>Takes ownership of the three.</summary>
    /// <param name="encoder">With all threads.</param>
    /// <param name="decoder">With one thread: see <see cref="ParallelDecodes"/>.</param>
    /// <param name="saliencyModel">Gives the clicks; null: there is no automatic mode.</param>
    /// <exception cref="OperatingException">The graphs are not EfficientSAM's.</exception>
    public EfficientSam(ModelSession encoder, ModelSession decoder, SqueezeSam? saliencyModel)
    {
        (this.encoder, this.decoder, this.saliencyModel) = (encoder, decoder, saliencyModel);
        contract = EfficientSamContract.Check(encoder, decoder);
        picture = new Tensor<float>(TensorElementType.Float, 1, 3, contract.PictureHeight, contract.PictureWidth);
        primary = new EfficientSamDecoding(decoder, contract);
    }

    public int InputWidth => contract.PictureWidth;

    public int InputHeight => contract.PictureHeight;

    public int MaxPoints => PromptBuffer.MaxPoints;

    public int MaskCount => primary.Count;

    public bool HasSaliency => saliencyModel is not null;

    public float SaliencyThreshold
    {
        get => Clicks.SaliencyThreshold;
        set => Clicks.SaliencyThreshold = value;
    }

    public SaliencyMap Saliency => Clicks.Saliency;

    public SalientRegion Salient => Clicks.Salient;

    public SaliencyFloor Floor
    {
        get => Clicks.Floor;
        set => Clicks.Floor = value;
    }

    /// <summary>The published weights were not trained with points off the object.</summary>
    public bool AcceptsNegativeClicks => false;

    private SqueezeSam Clicks => saliencyModel ?? throw new InvalidOperationException("no saliency model was given");

    /// <summary>
    /// As many as the encoder has threads: the decoder's operators are too small to be split among threads. Measured on two cores: 54 ms
    /// with one thread, 48 ms with two, and 28 ms each when two run in parallel with one thread each.
    /// </summary>
    public int ParallelDecodes => encoder.Threads;

    public int EmbeddingsWorthKeeping => EmbeddingCache.MaxCapacity;

    public Embedding CreateEmbedding()
    {
        var encoding = encoder.CreateBinding();
        encoding.BindInput(EfficientSamContract.Images, picture.Value);
        return new EncodedPicture(encoding, contract.FeatureShape, saliencyModel?.CreateEmbedding());
    }

    public Decoding CreateDecoding() => new EfficientSamDecoding(decoder, contract);

    public void Encode(Mat pixels, Embedding embedding, ref StageTimes times)
    {
        var encoded = (EncodedPicture)embedding;
        // there is memory for one waiting picture: another one is encoded first
        if (!ReferenceEquals(waiting, encoded) && waiting is { IsDisposed: false } other)
            EnsureEncoded(other, ref times);
        times[Stage.Resize] = 0;
        if (encoded.SaliencyInput is { } small)
            Clicks.Encode(pixels, small, ref times);
        var since = Stopwatch.GetTimestamp();
        PictureTensor.Fill(pixels, picture.Span, contract.PictureWidth, contract.PictureHeight);
        encoded.Take(pixels.Cols, pixels.Rows);
        times[Stage.Resize] += Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        waiting = encoded;
    }

    public bool FindClicks(Embedding embedding, Segmentation result) =>
        Clicks.FindClicks(((EncodedPicture)embedding).SaliencyInput!, result);

    public void EnsureEncoded(Embedding embedding, ref StageTimes times)
    {
        if (!ReferenceEquals(waiting, embedding))
            return;
        var since = Stopwatch.GetTimestamp();
        encoder.Run(waiting.Encoding);
        waiting.MarkEncoded();
        waiting = null;
        times.Close(Stage.Embed, since);
    }

    public Decoding Ask(Embedding embedding, PromptBuffer prompt, ref StageTimes times)
    {
        EnsureEncoded(embedding, ref times);
        var since = Stopwatch.GetTimestamp();
        primary.Run(embedding, prompt);
        times.Close(Stage.Decode, since);
        return primary;
    }

    public bool TryEnlarge(int index, Embedding embedding, BinaryMask mask) => primary.TryEnlarge(index, embedding, mask);

    public void Dispose()
    {
        primary.Dispose();
        picture.Dispose();
        saliencyModel?.Dispose();
        decoder.Dispose();
        encoder.Dispose();
    }
}
