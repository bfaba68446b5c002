using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EdgeSeg.Vision.Models;

/// <summary>The measured steps of a frame's way, in order. Their wire names are in <see cref="StageTimes.Names"/>.</summary>
internal enum Stage
{
    /// <summary>Grab and decode in the camera.</summary>
    Capture,

    /// <summary>From captured to taken up by inference.</summary>
    Queue,

    /// <summary>Frame pixels into the input tensor.</summary>
    Resize,

    /// <summary>The encoder of a model that has one: the picture to its embedding, once for all prompts.</summary>
    Embed,

    /// <summary>The model run without prompts that gives the saliency map.</summary>
    Saliency,

    /// <summary>Threshold, blobs, five clicks.</summary>
    Clicks,

    /// <summary>The model run with prompts.</summary>
    Decode,

    /// <summary>Best logits to the mask in frame pixels, with area, box, centroid.</summary>
    Mask,

    /// <summary>Mask to message bytes (RLE, JSON).</summary>
    Encode,

    /// <summary>Handing over to the MQTT client until it accepted the message.</summary>
    Publish,
}

/// <summary>Milliseconds of each stage of one frame; a stage that did not take place is NaN and is left out of messages.</summary>
internal struct StageTimes
{
    public const int Count = 10;

    private Buffer values;

    public static ReadOnlySpan<string> Names => names;

    private static readonly string[] names =
    [
        "capture",
        "queue",
        "resize",
        "embed",
        "saliency",
        "clicks",
        "decode",
        "mask",
        "encode",
        "publish",
    ];

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

    /// <summary>Closes a stage that began at <paramref name="since"/> (a <see cref="Stopwatch"/> stamp) and returns the stamp at which the next one begins.</summary>
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
