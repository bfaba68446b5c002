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

/// <summary>Segments photographs one after the other; a bad one is told and the others are still done.</summary>
internal sealed class PhotoSegmentation : IDisposable
{
    private readonly LoadedModel model;
    private readonly PromptBuffer? prompt;
    private readonly AutomaticMaskGenerator? everything;
    private readonly string folder;
    private readonly bool json,
        overlay,
        png;
    private readonly Embedding embedding;
    private readonly ZoomSegmenter zoom;
    private readonly PhotoReader reader = new();
    private readonly Segmentation result = new();
    private readonly MaskWriter writer;
    private readonly RunLength runLength = new();
    private readonly Stream output = Console.OpenStandardOutput();
    private readonly string session = FrameId.NewSession();
    private readonly HashSet<string> written = new(StringComparer.Ordinal);

    /// <param name="model">At work.</param>
    /// <param name="prompt">For every photograph; null: automatic.</param>
    /// <param name="formats">Of <c>json, overlay, png, polygon</c>.</param>
    /// <param name="folder">For the pictures; made when there is one to write.</param>
    /// <param name="wanted">Everything instead of one object; null: one.</param>
    /// <param name="isZoomOn">See <see cref="ZoomSegmenter"/>.</param>
    public PhotoSegmentation(
        LoadedModel model,
        PromptBuffer? prompt,
        IReadOnlyCollection<string> formats,
        string folder,
        AutomaticMaskOptions? wanted = null,
        bool isZoomOn = true
    )
    {
        (this.model, this.prompt, this.folder) = (model, prompt, folder);
        json = formats.Contains("json") || formats.Contains("polygon");
        overlay = formats.Contains("overlay");
        png = formats.Contains("png");
        embedding = model.Segmenter.CreateEmbedding();
        zoom = new ZoomSegmenter(model.Segmenter, isZoomOn);
        if (wanted is not null)
            everything = new AutomaticMaskGenerator(model.Segmenter, wanted);
        writer = new MaskWriter { PolygonTolerancePx = formats.Contains("polygon") ? 1 : null };
    }

    /// <summary>The exit code.</summary>
    public int Run(string[] photos)
    {
        var failed = 0;
        using var bar = new ProgressBar("segment");
        for (var i = 0; i < photos.Length; i++)
        {
            try
            {
                Photo(photos[i], i + 1);
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

    private void Photo(string path, int sequence)
    {
        var started = Stopwatch.GetTimestamp();
        using var pixels = reader.Read(path);
        result.Times = StageTimes.None;
        result.Times.Close(Stage.Capture, started);
        model.Segmenter.Encode(pixels, embedding, ref result.Times);
        if (everything is not null)
        {
            All(path, sequence, pixels, started, everything);
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
                $"{path}: the model {model.Name} gave values that are not numbers: its graph {model.Graph.File} is damaged or does not suit this runtime; try --precision fp32 or another bundle"
            );
        if (overlay)
        {
            using var picture = Overlay.Draw(pixels, result.Found ? result.Mask : null, result.Prompt, result.Label);
            SavePicture(path, picture);
        }

        if (png)
            Save(path, "-mask.png", _ => MaskMat.ToPng(result.Mask));
        if (json)
            WriteLine(path, sequence, pixels, started);
    }

    /// <summary>A line for each thing in the picture, surest first; one picture of all.</summary>
    private void All(string path, int sequence, Mat pixels, long started, AutomaticMaskGenerator everything)
    {
        var found = everything.Run(embedding);
        if (overlay)
        {
            using var picture = AutomaticMaskOverlay.Draw(pixels, found);
            SavePicture(path, picture);
        }

        Console.Error.WriteLine($"{path}: {found.Count} masks from {everything.Asked} points");
        if (!json)
            return;
        for (var i = 0; i < found.Count; i++)
        {
            found[i].CopyTo(result, runLength, pixels.Cols, pixels.Rows);
            WriteLine(path, sequence, pixels, started, (i, found.Count));
        }
    }

    private void SavePicture(string path, Mat picture) =>
        Save(
            path,
            "-overlay.png",
            file =>
                Cv2.ImEncode(".png", picture, out var bytes)
                    ? bytes
                    : throw new OperatingException($"{file}: OpenCV cannot encode the picture")
        );

    private void WriteLine(string path, int sequence, Mat pixels, long started, (int Index, int Count)? of = null)
    {
        var facts = new MaskInfo
        {
            Source = path,
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

    private void Save(string photo, string suffix, Func<string, byte[]> encode)
    {
        var name = Path.GetFileNameWithoutExtension(photo);
        var file = Path.Combine(folder, name + suffix);
        // a.jpg and a.png, or photographs of one name from two folders: neither result may overwrite the other
        for (var n = 2; !written.Add(file); n++)
            file = Path.Combine(folder, $"{name}-{n}{suffix}");
        var bytes = encode(file);
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(file, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{file}: cannot be written ({e.Message}): choose another folder with --out");
        }
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
