using System.Diagnostics;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Cli;

/// <summary>Segments photographs one after the other; a bad one is reported and the others are segmented all the same.</summary>
internal sealed class PhotoSegmentation : IDisposable
{
    private const string OverlayEnd = "-overlay.png",
        MaskEnd = "-mask.png";

    private readonly LoadedModel model;
    private readonly PromptBuffer? prompt;
    private readonly AutomaticMaskGenerator? everything;
    private readonly bool json,
        overlay,
        png;
    private readonly Embedding embedding;
    private readonly ZoomSegmenter zoom;
    private readonly PhotoReader reader;
    private readonly Segmentation result = new();
    private readonly MaskWriter writer;
    private readonly RunLength runLength = new();
    private readonly Stream output = Console.OpenStandardOutput();
    private long lines;
    private readonly string session = FrameId.NewSession();

    /// <param name="model">At work.</param>
    /// <param name="prompt">For every photograph; null: automatic.</param>
    /// <param name="formats">Of <c>json, overlay, png, polygon</c>.</param>
    /// <param name="wanted">Automatic masks of the whole picture instead of one object; null: one.</param>
    /// <param name="bitDepth">Significant bits of 16-bit pictures; null: found from their values.</param>
    /// <param name="isZoomOn">See <see cref="ZoomSegmenter"/>.</param>
    public PhotoSegmentation(
        LoadedModel model,
        PromptBuffer? prompt,
        IReadOnlyCollection<string> formats,
        AutomaticMaskOptions? wanted = null,
        int? bitDepth = null,
        bool isZoomOn = true
    )
    {
        (this.model, this.prompt) = (model, prompt);
        reader = new() { ForcedBitDepth = bitDepth };
        json = formats.Contains("json") || formats.Contains("polygon");
        overlay = formats.Contains("overlay");
        png = formats.Contains("png");
        embedding = model.Segmenter.CreateEmbedding();
        zoom = new ZoomSegmenter(model.Segmenter, isZoomOn);
        if (wanted is not null)
            everything = new AutomaticMaskGenerator(model.Segmenter, wanted);
        writer = new MaskWriter { PolygonTolerancePx = formats.Contains("polygon") ? 1 : null };
    }

    /// <summary>The ends of the names of the files that are made of a photograph.</summary>
    public static string[] Suffixes(IReadOnlyCollection<string> formats) =>
        [
            .. formats.Contains("overlay") ? [OverlayEnd] : Array.Empty<string>(),
            .. formats.Contains("png") ? [MaskEnd] : Array.Empty<string>(),
        ];

    /// <summary>The exit code.</summary>
    public int Run(string[] photos, OutputFiles files)
    {
        var failed = 0;
        using var bar = new ProgressBar("segment");
        for (var i = 0; i < photos.Length; i++)
        {
            try
            {
                Photo(photos[i], i + 1, [.. files.For(i)]);
            }
            catch (OperatingException e)
            {
                failed++;
                Verbs.Fail(e.Message);
            }

            if (photos.Length > 1)
                bar.Show(i + 1, photos.Length);
        }

        return failed == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private void Photo(string path, int sequence, string[] outputs)
    {
        var started = Stopwatch.GetTimestamp();
        using var pixels = reader.Read(path);
        if (reader.Warning.Length > 0)
            Console.Error.WriteLine($"edgeseg: {reader.Warning}");
        result.Times = StageTimes.None;
        result.Times.Close(Stage.Capture, started);
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        if (everything is not null)
        {
            All(path, sequence, pixels, started, outputs, everything);
            return;
        }

        if (prompt is null)
        {
            zoom.Auto(pixels, embedding, result);
        }
        else
        {
            var refusal =
                PromptRules.RefuseNegative(prompt, model.Segmenter.AcceptsNegativeClicks)
                ?? PromptRules.Check(prompt, pixels.Cols, pixels.Rows, model.Segmenter.MaxPoints);
            if (refusal is not null)
                throw new OperatingException($"{path}: {refusal}");
            result.Prompt.CopyFrom(prompt);
            zoom.Decode(pixels, embedding, result);
        }

        if (result.Reason == Segmentation.BadModelOutput)
            throw new OperatingException(
                $"{path}: the model {model.Name} gave values that are not numbers: its graph {model.Graph.File} is damaged or "
                    + "does not suit this runtime; try --precision fp32 or another bundle"
            );
        if (overlay)
        {
            using var picture = Overlay.Draw(pixels, result.Found ? result.Mask : null, result.Prompt, result.Label);
            SavePicture(outputs[0], picture);
        }

        if (png)
            OutputFiles.Write(outputs[^1], MaskMat.ToPng(result.Mask));
        if (json)
            WriteLine(path, sequence, pixels, started, outputs);
    }

    /// <summary>A line for each thing in the picture, surest first; one picture of all.</summary>
    private void All(string path, int sequence, Mat pixels, long started, string[] outputs, AutomaticMaskGenerator everything)
    {
        var found = everything.Run(embedding);
        if (overlay)
        {
            using var picture = AutomaticMaskOverlay.Draw(pixels, found);
            SavePicture(outputs[0], picture);
        }

        Console.Error.WriteLine($"{path}: {found.Count} masks from {everything.Asked} points");
        if (!json)
            return;
        for (var i = 0; i < found.Count; i++)
        {
            found[i].CopyTo(result, runLength, pixels.Cols, pixels.Rows);
            WriteLine(path, sequence, pixels, started, outputs, (i, found.Count));
        }
    }

    private static void SavePicture(string file, Mat picture)
    {
        if (!Cv2.ImEncode(".png", picture, out var bytes))
            throw new OperatingException($"{file}: OpenCV cannot encode the picture");
        OutputFiles.Write(file, bytes);
    }

    private void WriteLine(string path, int sequence, Mat pixels, long started, string[] outputs, (int Index, int Count)? of = null)
    {
        var facts = new MaskInfo
        {
            Number = ++lines,
            Source = path,
            File = path,
            Outputs = outputs,
            BitDepth = reader.BitDepth > 8 ? reader.BitDepth : null,
            Of = of,
            Device = "local",
            Camera = "photo",
            Session = session,
            Sequence = sequence,
            CapturedUtc = File.GetLastWriteTimeUtc(path),
            CapturedNs = 0,
            TimeSource = "file",
            ClockSynced = true,
            Width = pixels.Cols,
            Height = pixels.Rows,
            Model = model.Info,
            Saliency = result.Saliency,
            AgeMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds,
            Drops = 0,
            Degraded = false,
        };
        output.Write(writer.Write(facts, result, int.MaxValue));
        output.WriteByte((byte)'\n');
        output.Flush();
    }

    public void Dispose()
    {
        everything?.Dispose();
        zoom.Dispose();
        embedding.Dispose();
        writer.Dispose();
        output.Dispose();
    }
}
