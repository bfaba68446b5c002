using System.Diagnostics;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Cli;

/// <summary>The picture that a line of <c>edgeseg segment</c> is about.</summary>
/// <param name="Path">As it was named.</param>
/// <param name="Sequence">Counts the photographs of the run, or the frames of the video, from 1.</param>
/// <param name="Width">In pixels, as displayed.</param>
/// <param name="Height">In pixels, as displayed.</param>
internal readonly record struct LinePicture(string Path, long Sequence, int Width, int Height)
{
    /// <summary>The files that were made of it.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>See <see cref="MaskInfo.BitDepth"/>.</summary>
    public int? BitDepth { get; init; }

    /// <summary>See <see cref="MaskInfo.Of"/>.</summary>
    public (int Index, int Count)? Of { get; init; }

    /// <summary>Which frame of a video; null: a photograph.</summary>
    public VideoFrame? Video { get; init; }

    /// <summary>See <see cref="MaskInfo.Track"/>.</summary>
    public TrackInfo? Track { get; init; }
}

/// <summary>Masks as JSON lines on standard output, the same as on MQTT. None where json and polygon are not asked for.</summary>
internal sealed class MaskLines(ModelInfo model, SegmentSettings settings) : IDisposable
{
    private readonly MaskWriter writer = new() { PolygonTolerancePx = settings.HasPolygon ? 1 : null };
    private readonly Stream output = new StandardOutput();
    private readonly string session = FrameId.NewSession();
    private long lines;

    /// <param name="picture">What the mask was made on.</param>
    /// <param name="mask">Found or not.</param>
    /// <param name="started">Stamp of <see cref="Stopwatch"/> at which work on the picture began.</param>
    public void Write(in LinePicture picture, Segmentation mask, long started)
    {
        if (!settings.HasJson)
            return;
        var info = new MaskInfo
        {
            Number = ++lines,
            Source = picture.Path,
            File = picture.Path,
            Outputs = picture.Outputs,
            BitDepth = picture.BitDepth,
            Video = picture.Video,
            Of = picture.Of,
            Track = picture.Track,
            Device = "local",
            Camera = picture.Video is null ? "photo" : "video",
            Session = session,
            Sequence = picture.Sequence,
            CapturedUtc = File.GetLastWriteTimeUtc(picture.Path),
            CapturedNs = (long)((picture.Video?.TimeS ?? 0) * 1e9),
            TimeSource = "file",
            ClockSynced = true,
            Width = picture.Width,
            Height = picture.Height,
            Model = model,
            Saliency = mask.Saliency,
            AgeMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds,
            Drops = 0,
            Degraded = false,
        };
        output.Write(writer.Write(info, mask, int.MaxValue));
        output.WriteByte((byte)'\n');
        output.Flush();
    }

    public void Dispose()
    {
        writer.Dispose();
        output.Dispose();
    }
}
