using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EdgeSeg.Vision.Models;

/// <summary>The measured stages of a frame, in order. Their wire names are in <see cref="StageTimes.Names"/>.</summary>
internal enum Stage
{
    /// <summary>Grab and decode in the camera.</summary>
    Capture,

    /// <summary>From capture to the start of inference.</summary>
    Queue,

    /// <summary>Frame pixels into the input tensor.</summary>
    Resize,

    /// <summary>The encoder of a model that has one: picture to embedding, once for all prompts.</summary>
    Embed,

    /// <summary>The model run without prompts that gives the saliency map.</summary>
    Saliency,

    /// <summary>Threshold, blobs, five clicks.</summary>
    Clicks,

    /// <summary>The model run with prompts.</summary>
    Decode,

    /// <summary>Pixels of the crop around the object into the input tensor.</summary>
    Crop,

    /// <summary>The model run with prompts on that crop.</summary>
    Zoom,

    /// <summary>Best logits to the mask in frame pixels, with area, box, centroid.</summary>
    Mask,

    /// <summary>Mask to message bytes (RLE, JSON).</summary>
    Encode,

    /// <summary>Until the MQTT client has accepted the message.</summary>
    Publish,
}

/// <summary>Milliseconds of each stage of one frame; a stage that was not run is NaN and is not in messages.</summary>
internal struct StageTimes
{
    public const int Count = 12;

    private Buffer values;

    public static ReadOnlySpan<string> Names => names;

    private static readonly string[] names = [.. Enum.GetValues<Stage>().Select(ToWire)];

    public static string ToWire(Stage stage) =>
        stage switch
        {
            Stage.Capture => "capture",
            Stage.Queue => "queue",
            Stage.Resize => "resize",
            Stage.Embed => "embed",
            Stage.Saliency => "saliency",
            Stage.Clicks => "clicks",
            Stage.Decode => "decode",
            Stage.Crop => "crop",
            Stage.Zoom => "zoom",
            Stage.Mask => "mask",
            Stage.Encode => "encode",
            Stage.Publish => "publish",
            _ => throw new ArgumentOutOfRangeException(nameof(stage)),
        };

    public static StageTimes None
    {
        get
        {
            StageTimes t = default;
            for (var i = 0; i < Count; i++)
                t.values[i] = double.NaN;
            return t;
        }
    }

    public double this[Stage stage]
    {
        readonly get => values[(int)stage];
        set => values[(int)stage] = value;
    }

    /// <summary>
    /// Closes a stage that began at <paramref name="since"/> (a <see cref="Stopwatch"/> stamp) and returns the stamp at which the next one
    /// begins.
    /// </summary>
    public long Close(Stage stage, long since)
    {
        var now = Stopwatch.GetTimestamp();
        values[(int)stage] = (now - since) * 1000.0 / Stopwatch.Frequency;
        return now;
    }

    [InlineArray(Count)]
    private struct Buffer
    {
        private double first;
    }
}
