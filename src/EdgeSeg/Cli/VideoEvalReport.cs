using System.Globalization;
using System.Text.Json;
using EdgeSeg.Benchmark;
using EdgeSeg.Evaluation;
using EdgeSeg.Platform;

namespace EdgeSeg.Cli;

/// <summary>The figures of <c>edgeseg eval --video</c>, for people and as JSON.</summary>
internal static class VideoEvalReport
{
    /// <summary>The exit code.</summary>
    /// <param name="evaluator">After its run.</param>
    /// <param name="json">Null: none is asked for.</param>
    public static int Write(VideoEvaluator evaluator, ResultFile? json)
    {
        EvalReport.Notes(evaluator.Failures, "sequences could not be measured");
        EvalReport.Notes(evaluator.Warnings, "warnings");
        if (evaluator.Sequences.Count == 0)
            return ExitCode.Failed;
        if (json is not { IsStandardOutput: true })
            Print(evaluator);
        json?.Write(stream => WriteJson(evaluator, stream));
        return evaluator.Failures.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void Print(VideoEvaluator evaluator)
    {
        Console.WriteLine("{0,-20} {1,7} {2,7} {3,7} {4,7} {5,6}", "sequence", "frames", "J", "recall", "decay", "lost");
        foreach (var s in evaluator.Sequences)
            Console.WriteLine("{0,-20} {1,7} {2} {3} {4} {5,6}", s.Name, s.Frames, F(s.J), F(s.Recall), F(s.Decay), s.Lost);
        Console.WriteLine(
            "{0,-20} {1,7} {2} {3} {4} {5,6}",
            "mean",
            evaluator.Sequences.Sum(s => s.Frames),
            F(evaluator.J),
            F(evaluator.Recall),
            F(evaluator.Decay),
            evaluator.Sequences.Sum(s => s.Lost)
        );
        Console.WriteLine();
        Console.WriteLine(
            string.Format(
                CultureInfo.InvariantCulture,
                "ms a frame: p50 {0:0.0}, p95 {1:0.0}; passes a frame: {2:0.00}",
                FrameStats.Percentile(evaluator.FrameMs, 50),
                FrameStats.Percentile(evaluator.FrameMs, 95),
                evaluator.PassesPerFrame
            )
        );

        static string F(double v) => v.ToString("0.0000", CultureInfo.InvariantCulture).PadLeft(7);
    }

    private static void WriteJson(VideoEvaluator evaluator, Stream stream)
    {
        using var w = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        w.WriteStartObject();
        w.WriteStartObject("sequences");
        foreach (var s in evaluator.Sequences)
        {
            w.WriteStartObject(s.Name);
            w.WriteNumber("frames", s.Frames);
            Figures(s.J, s.Recall, s.Decay);
            w.WriteNumber("lost", s.Lost);
            w.WriteEndObject();
        }

        w.WriteEndObject();
        w.WriteStartObject("mean");
        Figures(evaluator.J, evaluator.Recall, evaluator.Decay);
        w.WriteEndObject();
        w.WriteStartObject("frame_ms");
        w.WriteNumber("p50", Math.Round(FrameStats.Percentile(evaluator.FrameMs, 50), 3));
        w.WriteNumber("p95", Math.Round(FrameStats.Percentile(evaluator.FrameMs, 95), 3));
        w.WriteEndObject();
        w.WriteNumber("passes_per_frame", Math.Round(evaluator.PassesPerFrame, 3));
        w.WriteEndObject();
        w.Flush();
        stream.WriteByte((byte)'\n');

        void Figures(double j, double recall, double decay)
        {
            w.WriteNumber("j", Math.Round(j, 5));
            w.WriteNumber("recall", Math.Round(recall, 5));
            w.WriteNumber("decay", Math.Round(decay, 5));
        }
    }
}
