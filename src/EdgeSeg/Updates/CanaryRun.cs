using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Updates;

/// <summary>
/// The child process of a canary: loads the candidate, compares its masks with the expected ones, then runs it and the model in use in
/// turn.
/// </summary>
internal static class CanaryRun
{
    private const int DataLimit = 2; // RLIMIT_DATA
    private const int ExtraMib = 512; // the runtime's own heaps and stacks, and the model in use beside the candidate

    /// <summary>Makes this process the first that the kernel ends when memory is short, and gives it a memory limit of its own.</summary>
    public static void GiveWay(int maxMemoryMib)
    {
        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", "1000");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // not allowed in some containers: the limit below remains
        }

        var bytes = (nuint)(maxMemoryMib + ExtraMib) << 20;
        _ = LibC.SetResourceLimit(DataLimit, [bytes, bytes]);
    }

    /// <param name="candidate">Loads the bundle on trial.</param>
    /// <param name="reference">Loads the one in use.</param>
    /// <param name="folder">Folder of the candidate, with the cases.</param>
    /// <param name="terms">What it must show.</param>
    public static CanaryResult Run(Func<LoadedModel> candidate, Func<LoadedModel> reference, string folder, CanaryTerms terms)
    {
        LoadedModel model;
        try
        {
            model = candidate();
        }
        catch (OperatingException e)
        {
            return new CanaryResult { Reason = UpdateReason.DoesNotLoad, Text = e.Message };
        }

        using (model)
        {
            var cases = Read(folder, terms.Cases);
            using var runner = new ModelRunner(model);
            var least = 1.0;
            foreach (var one in cases)
            {
                if (Fault(runner, one, terms, ref least) is { } fault)
                    return fault;
            }

            var memory = PeakMemory.MiB;
            if (memory > terms.MaxMemoryMib)
                return Refuse(UpdateReason.CanaryMemory, $"it needs {memory:0} MiB, {terms.MaxMemoryMib} MiB are allowed") with
                {
                    MemoryMib = memory,
                    Iou = least,
                };
            using var inUse = reference();
            using var other = new ModelRunner(inUse);
            var ratio = Ratio(runner, other, cases);
            var result = new CanaryResult
            {
                Iou = least,
                LatencyRatio = ratio,
                MemoryMib = memory,
            };
            return ratio <= terms.MaxLatencyRatio
                ? result
                : result with
                {
                    Reason = UpdateReason.CanarySlow,
                    Text = string.Create(
                        CultureInfo.InvariantCulture,
                        $"it takes {ratio:0.00} times as long as the model in use, {terms.MaxLatencyRatio:0.00} is allowed"
                    ),
                };
        }
    }

    private static CanaryResult? Fault(ModelRunner runner, (CanaryCase Case, Mat Picture) one, CanaryTerms terms, ref double least)
    {
        var expected = new BinaryMask();
        var size = one.Case.Size;
        if (
            size is not [var height, var width]
            || height != one.Picture.Rows
            || width != one.Picture.Cols
            || !new RunLength().TryDecode(one.Case.Counts, width, height, expected, out _)
        )
            return Refuse(UpdateReason.BadBundle, $"the expected mask of {one.Case.Image} cannot be read or is of another size");
        var result = runner.Run(one);
        if (result.Reason == Segmentation.BadModelOutput)
            return Refuse(UpdateReason.CanaryOutput, $"its answer to {one.Case.Image} is not finite");
        var iou = BinaryMask.Iou(result.Mask, expected);
        least = Math.Min(least, iou);
        return iou >= terms.MinIou
            ? null
            : Refuse(
                UpdateReason.CanaryMasks,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"its mask of {one.Case.Image} has an IoU of {iou:0.000} with the expected one, {terms.MinIou:0.000} is required"
                )
            ) with
            {
                Iou = iou,
            };
    }

    private static CanaryResult Refuse(string reason, string text) => new() { Reason = reason, Text = text };

    private static List<(CanaryCase Case, Mat Picture)> Read(string folder, string name)
    {
        var file = FinalFile.Of(Path.Combine(folder, name));
        if (!file.Exists || file.Length > UpdateLimits.MaxCanaryCaseBytes)
            throw new OperatingException($"{file.FullName} is missing or too large");
        CanaryCases cases;
        try
        {
            cases =
                JsonSerializer.Deserialize(File.ReadAllBytes(file.FullName), UpdateJson.Default.CanaryCases)
                ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new OperatingException($"{file.FullName} cannot be read: {JsonFault.Text(e)}");
        }

        if (cases.V != 1 || cases.Cases.Count is 0 or > UpdateLimits.MaxCanaryCases)
            throw new OperatingException($"{file.FullName} does not hold 1..{UpdateLimits.MaxCanaryCases} cases of version 1");
        var reader = new PhotoReader();
        return
        [
            .. cases.Cases.Select(c =>
                (
                    c,
                    reader.Read(
                        Path.Combine(
                            folder,
                            ManifestRules.IsPlainName(c.Image)
                                ? c.Image
                                : throw new OperatingException($"{file.FullName} names a picture that is not a plain file name")
                        )
                    )
                )
            ),
        ];
    }

    /// <summary>Medians over the rounds of both, run in turn, so that a board that heats up slows both.</summary>
    private static double Ratio(ModelRunner candidate, ModelRunner inUse, List<(CanaryCase, Mat)> cases)
    {
        var (own, others) = (new List<double>(), new List<double>());
        foreach (var one in cases)
            inUse.Run(one);
        for (var round = 0; round < UpdateLimits.CanaryRounds; round++)
        {
            others.Add(Time(inUse));
            own.Add(Time(candidate));
        }

        own.Sort();
        others.Sort();
        return own[own.Count / 2] / Math.Max(others[others.Count / 2], 1e-3);

        double Time(ModelRunner runner)
        {
            var since = Stopwatch.GetTimestamp();
            foreach (var one in cases)
                runner.Run(one);
            return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        }
    }

    /// <summary>A model with the buffers for repeated runs.</summary>
    private sealed class ModelRunner(LoadedModel model) : IDisposable
    {
        private readonly Embedding embedding = model.Segmenter.CreateEmbedding();
        private readonly Segmentation result = new();

        public Segmentation Run((CanaryCase Case, Mat Picture) one)
        {
            result.Times = StageTimes.None;
            result.Prompt.Clear();
            model.Segmenter.Encode(one.Picture, embedding, ref result.Times);
            embedding.SetFrameSize(one.Picture.Cols, one.Picture.Rows);
            if (one.Case.Clicks.Count == 0)
            {
                model.Segmenter.Auto(embedding, result);
                return result;
            }

            result.Prompt.Source = PromptSource.Click;
            foreach (var click in one.Case.Clicks.Take(model.Segmenter.MaxPoints))
                result.Prompt.Add(new Click(click[0], click[1]));
            model.Segmenter.Decode(embedding, result);
            return result;
        }

        public void Dispose() => embedding.Dispose();
    }
}
