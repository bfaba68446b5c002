using System.Diagnostics;
using System.Globalization;
using System.Text;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;
using Microsoft.ML.OnnxRuntime;

namespace EdgeSeg.Bench;

/// <summary>
/// ONNX Runtime's options on one graph: what a run costs in time and in processor, what the session costs to make, and what it costs while
/// nothing runs.
/// </summary>
internal static class OptionsBench
{
    private const int Runs = 40;

    public static string Table(string graphFile, int threads)
    {
        var graph = File.ReadAllBytes(graphFile);
        var text = new StringBuilder(
            $"| {Path.GetFileNameWithoutExtension(graphFile)}, {threads} thread{(threads == 1 ? "" : "s")} | session ms | run p50 ms | "
                + "processor ms a run | with 30 ms pauses: processor ms a run |\n|---|---|---|---|---|\n"
        );
        Row("as edgeseg sets them", o => { });
        Row("threads spin while they wait", o => o.AddSessionConfigEntry("session.intra_op.allow_spinning", "1"));
        Row("basic graph optimisation only", o => o.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_BASIC);
        Row("no arena", o => o.EnableCpuMemArena = false);
        Row("no memory pattern", o => o.EnableMemoryPattern = false);
        return text.ToString();

        void Row(string name, Action<SessionOptions> set)
        {
            var since = Stopwatch.GetTimestamp();
            using var session = new ModelSession(
                graph,
                name,
                new ProviderNeeds(threads, null, false),
                ExecutionProviders.Cpu with
                {
                    Append = (o, _) => set(o),
                }
            );
            var sessionMs = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
            using var sam = new SqueezeSam(session);
            using var decoding = sam.CreateDecoding();
            using var embedding = sam.CreateEmbedding();
            var prompt = new PromptBuffer();
            prompt.Add(new Click(1, 1));
            embedding.SetFrameSize(10, 10);
            for (var i = 0; i < 5; i++)
                decoding.Run(embedding, prompt);
            var (busyMs, busyCpu) = Series(0);
            var (_, pausedCpu) = Series(30);
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {sessionMs:0} | {busyMs:0.0} | {busyCpu:0.0} | {pausedCpu:0.0} |\n");

            (double P50, double Cpu) Series(int pauseMs)
            {
                var ms = new double[Runs];
                var cpu = Process.GetCurrentProcess().TotalProcessorTime;
                for (var i = 0; i < Runs; i++)
                {
                    var at = Stopwatch.GetTimestamp();
                    decoding.Run(embedding, prompt);
                    ms[i] = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
                    if (pauseMs > 0)
                        Thread.Sleep(pauseMs);
                }

                return (ms.Order().ElementAt(Runs / 2), (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds / Runs);
            }
        }
    }

    /// <summary>Where the time of a start goes, in milliseconds of the processor: the machine's other work does not show in them.</summary>
    public static string Start(string folder)
    {
        var text = new StringBuilder("| part of a start | processor ms |\n|---|---|\n");
        byte[] graph = [];
        ModelBundle? bundle = null;
        ModelSession? session = null;
        SqueezeSam? sam = null;
        Part("open the bundle", () => bundle = ModelBundle.Open(folder));
        var file = bundle!.Graph("segmenter", "int8");
        Part("read the graph and hold it against its SHA-256", () => graph = bundle.Read(file));
        Part("load the runtime's library", () => _ = ExecutionProviders.Available);
        Part("make the session: parse and optimise the graph", () => session = new ModelSession(graph, "int8", 1));
        Part("first run (trial run)", () => sam = new SqueezeSam(session!));
        Part("self-check: draw, run, compare (not paid again by the service)", () => SelfCheck.Iou(sam!, file.Golden!));
        sam!.Dispose();
        return text.ToString();

        void Part(string name, Action work)
        {
            var before = Process.GetCurrentProcess().TotalProcessorTime;
            work();
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {name} | {(Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds:0} |\n"
            );
        }
    }
}
