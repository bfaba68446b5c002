using System.Globalization;
using System.Text.Json;
using EdgeSeg.Benchmark;
using EdgeSeg.Evaluation;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Cli;

/// <summary>The figures of <c>edgeseg eval</c> on photographs, for people and as JSON.</summary>
internal static class EvalReport
{
    /// <summary>Lines shown of a list that may be as long as the set.</summary>
    private const int LinesShown = 20;

    /// <summary>The exit code.</summary>
    /// <param name="evaluator">After its run.</param>
    /// <param name="json">Null: none is asked for.</param>
    public static int Write(Evaluator evaluator, ResultFile? json)
    {
        Notes(evaluator.Failures, "photographs could not be measured");
        Notes(evaluator.Warnings, "warnings");
        LeftOut(evaluator.Set);
        if (json is not { IsStandardOutput: true })
            Print(evaluator);
        json?.Write(stream => WriteJson(evaluator, stream));

        if (evaluator.Overall.Count > 0 || evaluator.EmptyPhotos > 0)
            return evaluator.Failures.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
        Verbs.Fail(
            evaluator.Set.Images.Count == 0 || evaluator.Set.Annotations.Count == 0
                ? "no object was evaluated: the annotation file has no annotation that can be used"
                : "no object was evaluated: no photograph of the annotations could be read, or none of their masks; see the lines above"
        );
        return ExitCode.Failed;
    }

    /// <summary>The first lines of a list, on standard error, and how many there are.</summary>
    public static void Notes(IReadOnlyList<string> lines, string what)
    {
        foreach (var line in lines.Take(LinesShown))
            Verbs.Fail(line);
        if (lines.Count > LinesShown)
            Verbs.Fail($"and {lines.Count - LinesShown} more: {lines.Count} {what}");
    }

    /// <summary>What of a set could not be used, a line a reason.</summary>
    public static void LeftOut(CocoSet set)
    {
        foreach (var (reason, count) in set.Unused)
            Verbs.Fail($"{count} left out: {reason}");
    }

    private static void Print(Evaluator evaluator)
    {
        Console.WriteLine("{0,-16} {1,6} {2,7} {3,7} {4,7} {5,7} {6,7} {7,7}", "set", "n", "click", "best3", "box", "auto", "max-F", "MAE");
        foreach (var (name, t) in evaluator.Sets.Append(new("overall", evaluator.Overall)))
            Console.WriteLine(
                "{0,-16} {1,6} {2} {3} {4} {5} {6} {7}",
                name,
                t.Count,
                F(t.Click),
                F(t.ClickBest),
                F(t.Box),
                F(t.Auto),
                F(t.SaliencyMaxF),
                F(t.SaliencyMae)
            );
        if (evaluator.Overall.Salient > 0)
            Console.WriteLine(
                $"\nphotographs with a salient object: {evaluator.Overall.Salient}, found in "
                    + $"{Share(evaluator.Overall.SalientFound, evaluator.Overall.Salient)}"
            );
        if (evaluator.EmptyPhotos > 0)
            Console.WriteLine(
                $"photographs without an object:     {evaluator.EmptyPhotos}, found in {Share(evaluator.EmptyFound, evaluator.EmptyPhotos)}"
            );
        Console.WriteLine("\n{0,-16} {1,9} {2,9} {3,9} {4,9}", "stage", "p50 ms", "p95 ms", "p99 ms", "passes");
        foreach (var name in StageTimes.Names.ToArray().Concat(Evaluator.Answers))
        {
            if (!evaluator.LatencyMs.TryGetValue(name, out var ms))
                continue;
            var passes = evaluator.Passes.TryGetValue(name, out var each)
                ? each.Average().ToString("0.00", CultureInfo.InvariantCulture)
                : "";
            Console.WriteLine(
                string.Format(
                    CultureInfo.InvariantCulture,
                    "{0,-16} {1,9:0.00} {2,9:0.00} {3,9:0.00} {4,9}",
                    name,
                    FrameStats.Percentile(ms, 50),
                    FrameStats.Percentile(ms, 95),
                    FrameStats.Percentile(ms, 99),
                    passes
                )
            );
        }

        static string Share(int part, int of) => string.Create(CultureInfo.InvariantCulture, $"{part} ({100.0 * part / of:0.0} %)");

        static string F(double v) => (double.IsNaN(v) ? "-" : v.ToString("0.0000", CultureInfo.InvariantCulture)).PadLeft(7);
    }

    private static void WriteJson(Evaluator evaluator, Stream stream)
    {
        using var w = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        w.WriteStartObject();
        w.WriteStartObject("sets");
        foreach (var (name, tally) in evaluator.Sets)
            WriteTally(w, name, tally);
        w.WriteEndObject();
        WriteTally(w, "overall", evaluator.Overall);
        WriteFound(w, "salient", evaluator.Overall.Salient, evaluator.Overall.SalientFound);
        WriteFound(w, "empty", evaluator.EmptyPhotos, evaluator.EmptyFound);
        w.WriteStartObject("passes");
        foreach (var (answer, each) in evaluator.Passes)
            w.WriteNumber(answer, Math.Round(each.Average(), 3));
        w.WriteEndObject();
        w.WriteStartObject("left_out");
        foreach (var (reason, count) in evaluator.Set.Unused)
            w.WriteNumber(reason, count);
        w.WriteEndObject();
        w.WriteNumber("photographs_failed", evaluator.Failures.Count);
        w.WriteStartObject("latency_ms");
        foreach (var (stage, ms) in evaluator.LatencyMs)
        {
            w.WriteStartObject(stage);
            w.WriteNumber("p50", Math.Round(FrameStats.Percentile(ms, 50), 3));
            w.WriteNumber("p95", Math.Round(FrameStats.Percentile(ms, 95), 3));
            w.WriteNumber("p99", Math.Round(FrameStats.Percentile(ms, 99), 3));
            w.WriteEndObject();
        }

        w.WriteEndObject();
        w.WriteEndObject();
        w.Flush();
        stream.WriteByte((byte)'\n');
    }

    /// <summary>How many photographs there were, and in how many of them a mask was found.</summary>
    private static void WriteFound(Utf8JsonWriter w, string name, int photos, int found)
    {
        w.WriteStartObject(name);
        w.WriteNumber("n", photos);
        w.WriteNumber("found", found);
        w.WriteEndObject();
    }

    private static void WriteTally(Utf8JsonWriter w, string name, Tally t)
    {
        w.WriteStartObject(name);
        w.WriteNumber("n", t.Count);
        Number("click", t.Click);
        Number("click_best3", t.ClickBest);
        Number("box", t.Box);
        Number("auto", t.Auto);
        Number("saliency_max_f", t.SaliencyMaxF);
        Number("saliency_mae", t.SaliencyMae);
        w.WriteEndObject();

        void Number(string key, double value)
        {
            // not measured is null, never zero
            if (double.IsNaN(value))
                w.WriteNull(key);
            else
                w.WriteNumber(key, Math.Round(value, 5));
        }
    }
}
