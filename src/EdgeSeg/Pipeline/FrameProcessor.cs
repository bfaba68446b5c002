using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>
/// Makes the automatic mask of a frame and publishes it: saliency pass, five clicks, mask, minimums of the settings. Knows nothing of
/// commands. Its memory is kept; one thread.
/// </summary>
/// <param name="model">The model in use, and the picture being worked on.</param>
/// <param name="canceller">Watches the model's runs.</param>
/// <param name="publisher">Takes the masks.</param>
/// <param name="quality">Counts the results for the updates.</param>
/// <param name="gpio">Shows found or not found.</param>
/// <param name="saliencyEvery">The saliency pass on every Nth frame; see <see cref="AutomaticClicks"/>.</param>
internal sealed class FrameProcessor(
    ActiveModel model,
    InferenceCanceller canceller,
    MaskPublisher publisher,
    LiveQuality quality,
    GpioLines gpio,
    int saliencyEvery
)
{
    private readonly Segmentation result = new();

    /// <summary>Segments the frame and publishes its mask, found or not. The result is valid until the next call.</summary>
    /// <param name="camera">Its settings, clicks and counts.</param>
    /// <param name="picture">Shows the frame.</param>
    /// <param name="frame">For its pixels and the edge that it answers.</param>
    /// <exception cref="InferenceCancelledException">The run was cancelled; nothing is published.</exception>
    public Segmentation Process(CameraPipeline camera, Picture picture, Frame frame)
    {
        Segment(camera, picture, frame);
        quality.Count(result.Found, result.PredictedIou, AreaShare(result));
        ApplyMinimums(camera.Live);
        gpio.Result(result.Found);
        publisher.Publish(camera, picture.Frame, result, model.Model.Info, trigger: frame.Trigger);
        return result;
    }

    private void Segment(CameraPipeline camera, Picture picture, Frame frame)
    {
        var roi = camera.Settings.Roi is { } r
            ? new Rect(r.X, r.Y, r.Width, r.Height) & new Rect(0, 0, frame.Width, frame.Height)
            : default;
        var isPart = roi.Width >= PictureBounds.MinSide && roi.Height >= PictureBounds.MinSide;
        if (isPart)
            model.ShowPart(frame, roi);
        result.Times = picture.Times;
        canceller.Run(
            mayYield: !frame.Trigger.IsEdge,
            (camera.Clicks, model.Segmenter, picture.Embedding, result, saliencyEvery),
            static x => x.Clicks.Run(x.Segmenter, x.Embedding, x.result, x.saliencyEvery)
        );
        if (isPart)
            result.Place(roi.X, roi.Y, frame.Width, frame.Height);
    }

    /// <summary>A mask below the camera's minimums is published as not found.</summary>
    private void ApplyMinimums(LiveSettings live)
    {
        if (!result.Found)
            return;
        if (result.Score < live.MinScore)
            result.MarkNotFound(Segmentation.BelowMinScore, result.Mask.Width, result.Mask.Height);
        else if (AreaShare(result) < live.MinArea)
            result.MarkNotFound(Segmentation.BelowMinArea, result.Mask.Width, result.Mask.Height);
    }

    private static double AreaShare(Segmentation of) => of.Found ? of.Geometry.Area / ((double)of.Mask.Width * of.Mask.Height) : 0;
}
