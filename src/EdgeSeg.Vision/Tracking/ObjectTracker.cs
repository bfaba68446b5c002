using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using OpenCvSharp;

namespace EdgeSeg.Vision.Tracking;

/// <summary>
/// Follows one object through the frames of a video: <see cref="Start(Mat, Mask)"/> on one frame, then <see cref="Next"/> for each later
/// one. A frame costs one pass of the model, and two while the object is not seen. Any model of the library can be used; EfficientSAM
/// encodes each frame again, which takes seconds on a CPU.
/// </summary>
/// <remarks>
/// Points on the object (Shi and Tomasi, 1994) are followed with pyramidal Lucas-Kanade optical flow and a forward-backward check (Kalal et
/// al., 2010); their affine motion moves the mask. The model sees the pixels around the moved mask, with its box and five clicks on it in
/// turn; its answer is combined with the moved mask and the object's colours.
/// </remarks>
/// <example>
/// <code>
/// using var tracker = new ObjectTracker(model);
/// tracker.Start(firstFrame, Prompt.Click(320, 200));
/// while (video.Read(frame))
/// {
///     using Mat mask = tracker.Next(frame) == TrackState.Lost ? new Mat() : tracker.ToMat();
/// }
/// </code>
/// </example>
public sealed class ObjectTracker : IDisposable
{
    /// <summary>Frames for which an object that is not seen is expected where its motion takes it; after them it is lost.</summary>
    public const int UncertainFrames = 8;

    private readonly SegmentationModel model;
    private readonly SegmentationSession session;
    private readonly MaskRefiner refiner;
    private readonly TrackedObject tracked;
    private readonly Mat converted = new();
    private readonly FramePair frames = new();
    private bool isStarted,
        isDisposed;

    /// <summary>Makes a tracker with memory of its own; dispose it before the model.</summary>
    /// <param name="model">The model that segments the object in each frame.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public ObjectTracker(SegmentationModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        this.model = model;
        session = model.CreateSession();
        lock (model.Gate)
            refiner = new MaskRefiner(model.Segmenter);
        tracked = new TrackedObject(refiner);
    }

    /// <summary>What is known of the object in the last frame.</summary>
    public TrackState State => tracked.State;

    /// <summary>Frames since the start.</summary>
    public int Age => tracked.Age;

    /// <summary>
    /// 0 to 1: the model's predicted IoU times the stability of its mask, in the last frame in which the object was seen.
    /// </summary>
    public float Score => tracked.Seen.PredictedIou * tracked.Seen.Stability;

    /// <summary>0 to 1: how alike the object's colours are to its first ones, in the last frame in which it was seen.</summary>
    public float Similarity => tracked.Seen.Similarity;

    /// <summary>Begins to follow the object of a mask.</summary>
    /// <param name="frame">8 bits per channel, as for <see cref="SegmentationSession.SetImage"/>.</param>
    /// <param name="mask">A mask of this frame, of its size.</param>
    /// <exception cref="ArgumentException">The mask is empty or has another size, or the frame cannot be used.</exception>
    public void Start(Mat frame, Mask mask)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(mask);
        using var pixels = mask.ToMat();
        Start(frame, pixels);
    }

    /// <summary>Segments an object and begins to follow it.</summary>
    /// <param name="frame">8 bits per channel, as for <see cref="SegmentationSession.SetImage"/>.</param>
    /// <param name="prompt">Clicks, a box, or <see cref="Prompt.Automatic"/>.</param>
    /// <returns>The mask of this frame. When <see cref="Mask.Found"/> is false, nothing is followed.</returns>
    /// <exception cref="ArgumentException">The prompt does not fit the frame or the model, or the frame cannot be used.</exception>
    /// <exception cref="VisionException">The model failed.</exception>
    public Mask Start(Mat frame, Prompt prompt)
    {
        session.SetImage(frame);
        var mask = session.Predict(prompt);
        if (mask.Found)
            Start(frame, mask);
        return mask;
    }

    /// <summary>Begins to follow the object of a mask that comes as a picture.</summary>
    /// <param name="frame">8 bits per channel, as for <see cref="SegmentationSession.SetImage"/>.</param>
    /// <param name="mask">CV_8UC1 of the frame's size; each value but 0 is the object.</param>
    /// <exception cref="ArgumentException">The mask is empty or has another size, or the frame cannot be used.</exception>
    public void Start(Mat frame, Mat mask)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(mask);
        lock (model.Gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            var bits = new BinaryMask();
            MaskMat.FromMat(mask, bits);
            var pixels = BgrPixels.Of(frame, converted);
            tracked.Start(pixels, bits);
            frames.Advance(pixels);
            isStarted = true;
        }
    }

    /// <summary>Follows the object into the next frame.</summary>
    /// <param name="frame">Of the size of the first one.</param>
    /// <returns>How sure the tracker is; <see cref="ToMat"/> gives the mask.</returns>
    /// <exception cref="ArgumentException">The frame has another size.</exception>
    /// <exception cref="InvalidOperationException">Nothing is followed yet.</exception>
    /// <exception cref="VisionException">The model failed.</exception>
    public TrackState Next(Mat frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        lock (model.Gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (!isStarted)
                throw new InvalidOperationException("no object is followed: call Start first");
            if (frame.Cols != frames.Now.FrameWidth || frame.Rows != frames.Now.FrameHeight)
                throw new ArgumentException(
                    $"the frame is {frame.Cols}x{frame.Rows}, the first one {frames.Now.FrameWidth}x{frames.Now.FrameHeight}: start again",
                    nameof(frame)
                );
            var pixels = BgrPixels.Of(frame, converted);
            frames.Advance(pixels);
            model.Guard(() => tracked.Next(pixels, frames));
            return tracked.State;
        }
    }

    /// <summary>
    /// The mask of the last frame: CV_8UC1, 255 where the object is. Empty (all 0) when it is lost. The caller disposes it.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing is followed yet.</exception>
    public Mat ToMat()
    {
        lock (model.Gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (!isStarted)
                throw new InvalidOperationException("no object is followed: call Start first");
            var mat = new Mat();
            MaskMat.ToMat(tracked.Mask, mat);
            return mat;
        }
    }

    /// <summary>Frees the tracker's memory.</summary>
    public void Dispose()
    {
        lock (model.Gate)
        {
            if (isDisposed)
                return;
            isDisposed = true;
            tracked.Dispose();
            refiner.Dispose();
            frames.Dispose();
            converted.Dispose();
        }

        session.Dispose();
    }
}
