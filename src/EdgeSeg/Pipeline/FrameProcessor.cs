using EdgeSeg.Capture;
using EdgeSeg.Sampling;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Pipeline;

/// <summary>
/// Makes the automatic mask of a frame and publishes it: saliency pass, five clicks, mask, minimums of the settings. Knows nothing of
/// commands. Its memory is kept; one thread.
/// </summary>
/// <param name="model">The model in use, and the picture being worked on.</param>
/// <param name="segmenter">Makes the masks.</param>
/// <param name="publisher">Takes the masks.</param>
/// <param name="quality">Counts the results for the updates.</param>
/// <param name="gpio">Shows found or not found.</param>
/// <param name="overlays">Sends pictures with masks; null: none are sent.</param>
/// <param name="saliencyEvery">The saliency pass on every Nth frame; see <see cref="AutomaticClicks"/>.</param>
/// <param name="samples">Keeps frames that are worth labelling; null: none are kept.</param>
internal sealed class FrameProcessor(
    ActiveModel model,
    AutomaticSegmenter segmenter,
    MaskPublisher publisher,
    LiveQuality quality,
    GpioLines gpio,
    int saliencyEvery,
    OverlaySender? overlays = null,
    SampleKeeper? samples = null
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
        var isSegmented = false;
        if (FaultOf(camera) is { } fault)
            AutomaticSegmenter.Refuse(result, picture, fault);
        else
            isSegmented = segmenter.Run(camera, picture, result, mayYield: !frame.Trigger.IsEdge, camera.Clicks, saliencyEvery);
        // a fault of the camera or of its settings says nothing about the model
        if (isSegmented)
            quality.Count(result.Found, result.PredictedIou, result.AreaShare);

        var score = result.Score;
        result.ApplyMinimums(camera.Live.MinScore, camera.Live.MinArea);
        gpio.Result(result.Found);
        publisher.Publish(camera, picture.Frame, result, model.Model.Info, trigger: frame.Trigger);
        overlays?.SendDue(camera, picture, result);
        samples?.Consider(picture.Frame.ToSample(), frame.Pixels, result, score, isSegmented, model.Model.Info);
        return result;
    }

    /// <summary>
    /// The reason why a picture is not segmented: one that the camera check calls black (also a covered lens) or frozen shows nothing of
    /// now.
    /// </summary>
    private static string? FaultOf(CameraPipeline camera) =>
        camera.Runner.Status.State switch
        {
            CameraState.Black => "picture_black",
            CameraState.Frozen => "picture_frozen",
            _ => null,
        };
}
