using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The automatic mask of the picture that is shown, in the region of interest of its camera: the same for frames and
/// for commands. One thread.
/// </summary>
/// <param name="model">The model in use, and the picture being worked on.</param>
/// <param name="canceller">Watches the model's runs.</param>
internal sealed class AutomaticSegmenter(ActiveModel model, InferenceCanceller canceller)
{
    /// <summary>The reason of a result whose region of interest shows nothing of the picture.</summary>
    private const string RoiOutside = "roi_outside_picture";

    /// <param name="camera">Its region of interest.</param>
    /// <param name="picture">Shows the frame.</param>
    /// <param name="result">Filled, found or not.</param>
    /// <param name="mayYield">Whether a command may cancel the run.</param>
    /// <param name="clicks">Keeps clicks from frame to frame; null: a saliency pass.</param>
    /// <param name="saliencyEvery">The saliency pass on every Nth frame, with <paramref name="clicks"/>.</param>
    /// <returns>False: the region of interest shows nothing of the picture, and the model was not run.</returns>
    /// <exception cref="InferenceCancelledException">The run was cancelled.</exception>
    public bool Run(CameraPipeline camera, Picture picture, Segmentation result, bool mayYield, AutomaticClicks? clicks, int saliencyEvery)
    {
        var (width, height) = (picture.Frame.Width, picture.Frame.Height);
        var roi = camera.Settings.Roi is { } area ? Clip(area, width, height) : (Rect?)null;
        if (roi is { } outside && (outside.Width < PictureBounds.MinSide || outside.Height < PictureBounds.MinSide))
        {
            Refuse(result, picture, RoiOutside);
            return false;
        }

        if (roi is { } part)
            model.ShowPart(part);
        result.Times = picture.Times;
        canceller.Run(mayYield, (clicks, model.Zoom, picture, result, saliencyEvery), static x => Work(x));
        if (roi is { } placed)
            result.Place(placed.X, placed.Y, width, height);
        return true;

        static void Work((AutomaticClicks? Clicks, ZoomSegmenter Zoom, Picture Picture, Segmentation Result, int Every) x)
        {
            if (x.Clicks is { } clicks)
                clicks.Run(x.Zoom, x.Picture.Source, x.Picture.Embedding, x.Result, x.Every);
            else
                x.Zoom.Auto(x.Picture.Source, x.Picture.Embedding, x.Result);
        }
    }

    /// <summary>Makes the result one that is not found, without running the model.</summary>
    public static void Refuse(Segmentation result, Picture picture, string reason)
    {
        result.Times = picture.Times;
        result.Prompt.Clear();
        result.Prompt.Source = PromptSource.Auto;
        result.Saliency = float.NaN;
        result.MarkNotFound(reason, picture.Frame.Width, picture.Frame.Height);
    }

    /// <summary>The answer to a command on a camera whose region of interest shows nothing of the picture.</summary>
    public static CommandError OutsideOf(CameraPipeline camera, FrameInfo frame)
    {
        var (x, y, width, height) = camera.Settings.Roi!.Value;
        return CommandError.Bad(
            $"the roi {x},{y} {width}x{height} of camera {camera.Settings.Id} lies outside of its picture of "
                + $"{frame.Width}x{frame.Height} pixels: correct it in the configuration"
        );
    }

    private static Rect Clip(Area roi, int width, int height) =>
        new Rect(roi.X, roi.Y, roi.Width, roi.Height) & new Rect(0, 0, width, height);
}
