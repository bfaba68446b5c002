using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using OpenCvSharp;

namespace EdgeSeg.Vision;

/// <summary>
/// One picture at a time and any number of prompts on it. <see cref="SegmentationModel.CreateSession"/> makes it. What a model computes
/// once for a picture is kept for all its prompts: EfficientSAM encodes it at the first one (seconds on a CPU), SqueezeSAM runs once per
/// prompt (tens of milliseconds).
/// </summary>
public sealed class SegmentationSession : IDisposable
{
    private readonly SegmentationModel model;
    private readonly Embedding embedding;
    private readonly Segmentation result = new();
    private readonly ZoomSegmenter zoom;
    private readonly Mat converted = new(),
        picture = new();
    private bool hasImage,
        isDisposed;

    internal SegmentationSession(SegmentationModel model)
    {
        this.model = model;
        embedding = model.Segmenter.CreateEmbedding();
        zoom = new ZoomSegmenter(model.Segmenter, model.IsZoomOn);
    }

    /// <summary>Shows a picture to the model; prompts that follow are about it.</summary>
    /// <param name="image">
    /// 8 bits per channel, height x width: CV_8UC3 (BGR, as <c>Cv2.ImRead</c> gives it), CV_8UC1 (grey) or CV_8UC4 (BGRA; alpha is
    /// ignored). At least 16 pixels on each side, at most 100 megapixels. What is needed of it is copied: it may be changed or disposed
    /// afterwards.
    /// </param>
    /// <exception cref="ArgumentException">The picture is empty, too small, too large, or of another type.</exception>
    /// <exception cref="VisionException">The model failed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public void SetImage(Mat image)
    {
        ArgumentNullException.ThrowIfNull(image);
        lock (model.Gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            hasImage = false;
            var pixels = BgrPixels.Of(image, converted);
            model.Guard(() => model.Segmenter.Encode(pixels, embedding, ref result.Times));
            // crops are taken from the picture's own pixels
            if (zoom.IsOn)
                pixels.CopyTo(picture);
            hasImage = true;
        }
    }

    /// <summary>Segments the object that a prompt means.</summary>
    /// <param name="prompt">Clicks, a box, or <see cref="Prompt.Automatic"/> for the most salient object of the picture.</param>
    /// <returns>
    /// The best of the model's masks, in the picture's pixels. <see cref="Mask.Found"/> is false when there is no object.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The prompt has a point outside the picture, or more points than <see cref="SegmentationModel.MaxPoints"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">No picture was set, or the model has no automatic prompt.</exception>
    /// <exception cref="VisionException">The model failed, or gave values that are not numbers.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public Mask Predict(Prompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        lock (model.Gate)
        {
            RequireImage();
            if (prompt.IsAutomatic && !model.HasAutomaticPrompt)
                throw new InvalidOperationException(
                    $"the model {model.Name} has no saliency: give a click or a box, or load it with a SaliencyFolder"
                );
            if (!prompt.IsAutomatic)
                prompt.CopyTo(result.Prompt, embedding.FrameWidth, embedding.FrameHeight, model.Segmenter);
            result.Times = StageTimes.None;
            model.Guard(() =>
            {
                if (prompt.IsAutomatic)
                    zoom.Auto(picture, embedding, result);
                else
                    zoom.Decode(picture, embedding, result);
            });
            if (result.Reason == Segmentation.BadModelOutput)
                throw new VisionException(
                    $"the model {model.Name} gave values that are not numbers: its graph is damaged or does not suit this runtime; "
                        + "try Precision Fp32 or another bundle"
                );
            return new Mask(result);
        }
    }

    /// <summary>
    /// Finds all objects of the picture: asks the model at each point of a grid and keeps the masks that are sure, stable and distinct.
    /// </summary>
    /// <param name="options">Null: <see cref="SegmentationModel.AutomaticMaskDefaults"/>.</param>
    /// <param name="cancel">Checked before each point of the grid.</param>
    /// <returns>Masks, highest score first; empty when none passes the thresholds.</returns>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    /// <exception cref="InvalidOperationException">No picture was set.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="VisionException">The model failed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public IReadOnlyList<Mask> AutomaticMasks(AutomaticMaskOptions? options = null, CancellationToken cancel = default)
    {
        lock (model.Gate)
        {
            RequireImage();
            using var generator = new AutomaticMaskGenerator(model.Segmenter, options ?? model.AutomaticMaskDefaults);
            IReadOnlyList<AutomaticMask> found = [];
            model.Guard(() => found = generator.Run(embedding, cancel));
            var runLength = new RunLength();
            var masks = new List<Mask>(found.Count);
            foreach (var one in found)
            {
                one.CopyTo(result, runLength, embedding.FrameWidth, embedding.FrameHeight);
                masks.Add(new Mask(result));
            }

            return masks;
        }
    }

    private void RequireImage()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (!hasImage)
            throw new InvalidOperationException("no picture was set: call SetImage first");
    }

    /// <summary>Frees the session's memory.</summary>
    public void Dispose()
    {
        lock (model.Gate)
        {
            if (isDisposed)
                return;
            isDisposed = true;
            model.Forget(this);
            zoom.Dispose();
            embedding.Dispose();
            picture.Dispose();
            converted.Dispose();
        }
    }
}
