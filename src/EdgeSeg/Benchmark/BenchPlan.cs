using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EdgeSeg.Capture;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Benchmark;

/// <summary>
/// What <c>edgeseg bench</c> measures: each precision with each number of threads, then the best of them with fewer saliency passes, each
/// in a process of its own, so that its peak memory is its own; and the start, from nothing to the first mask.
/// </summary>
internal sealed class BenchPlan(string executable, IReadOnlyList<string> modelArguments, int width, int height, int frames)
{
    private const int Starts = 5;

    public IReadOnlyList<FrameStats> Measure(IEnumerable<string> precisions, IReadOnlyList<int> threads, Action<FrameStats> report)
    {
        var all = new List<FrameStats>();
        foreach (var precision in precisions)
        {
            foreach (var n in threads)
                Add(precision, n, 1);
        }

        var best = Best(all);
        foreach (var every in (ReadOnlySpan<int>)[2, 4])
            Add(best.Precision, best.Threads, every);
        return all;

        void Add(string precision, int n, int every)
        {
            all.Add(One(precision, n, every));
            report(all[^1]);
        }
    }

    /// <summary>The fastest; of those within a twentieth of it the one with the fewest threads.</summary>
    public static FrameStats Best(IReadOnlyCollection<FrameStats> all)
    {
        var each = all.Where(f => f.SaliencyEvery == 1).ToList();
        var fastest = each.Max(f => f.Fps);
        return each.Where(f => f.Fps >= 0.95 * fastest).OrderBy(f => f.Threads).ThenByDescending(f => f.Fps).First();
    }

    /// <summary>
    /// Milliseconds from the start of a process to the first mask of a photograph on its output, files being in the system's cache: the
    /// median.
    /// </summary>
    public double StartMs()
    {
        var folder = Directory.CreateTempSubdirectory("edgeseg-bench-");
        try
        {
            var photo = Path.Combine(folder.FullName, "scene.png");
            using (var camera = new TestCamera(new TestScene(width, height, 30, 1, 0)))
            using (var picture = new Mat())
            {
                camera.Open();
                camera.Grab();
                camera.Retrieve(picture);
                Cv2.ImWrite(photo, picture);
            }

            return Enumerable.Range(0, Starts + 1).Select(_ => Start(photo)).Skip(1).Order().ElementAt(Starts / 2);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private double Start(string photo)
    {
        var since = Stopwatch.GetTimestamp();
        using var process = Begin(["segment", photo, .. modelArguments]);
        var first = process.StandardOutput.ReadLine();
        var ms = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return first is null ? throw new OperatingException("the start could not be measured: no mask came") : ms;
    }

    private FrameStats One(string precision, int threads, int every)
    {
        using var process = Begin([
            "bench",
            "--alone",
            .. modelArguments,
            "--precision",
            precision,
            "--threads",
            Text(threads),
            "--saliency-every",
            Text(every),
            "--frames",
            Text(frames),
            "--size",
            $"{width}x{height}",
        ]);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new OperatingException($"{precision} with {threads} threads cannot be measured: see above");
        using var json = JsonDocument.Parse(output);
        return FrameStats.Read(json.RootElement);
    }

    private Process Begin(IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo(executable, arguments) { RedirectStandardOutput = true })!;

    private static string Text(int n) => n.ToString(CultureInfo.InvariantCulture);
}
