using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeSeg.Benchmark;

namespace EdgeSeg.Bench;

/// <summary>
/// Writes docs/performance.md and docs/fleet.md: every figure with its reference from the same run, with a description of the machine.
/// </summary>
internal static class Report
{
    private static string Binary =>
        Path.GetFullPath(
            Environment.GetEnvironmentVariable("EDGESEG_BINARY")
                ?? throw new InvalidOperationException("EDGESEG_BINARY names no published program: ./build.sh bench does")
        );

    private static string Artifacts => Path.GetDirectoryName(Binary)!;

    public static void Performance(string file, int grid)
    {
        var text = new StringBuilder(
            $"""
            # Performance

            Made by one command, `./build.sh bench`, on {Machine()}. Each figure is beside its reference, measured in the same run;
            compare them, not runs with each other: the machine is shared and busy, so times differ from run to run. Kernels and options
            run on the just-in-time compiler, everything else is the program that ships.

            ## The path of a frame

            From a frame's pixels at 1280x720 to the message in the outbox (`edgeseg bench`): the moving test scene, each form in a process
            of its own. `outside`: share of the frame's time that is not the model's run; at most 10 % is the goal. `bytes`: managed bytes
            allocated a frame; at most 1024 is the goal, and a test holds it. `IoU`: mean with the scene's known masks.


            """
        );
        Frames(text);
        File.WriteAllText(file, text.ToString());
        text.Append(
                "\n## The steps outside the model\n\n`ours` beside what one writes first (tests/EdgeSeg.Bench): pixel loops, a byte a "
                    + "pixel, flood fill, OpenCV's contours, a serialiser that reflects.\n\n"
            )
            .Append(KernelBench.Table());
        var model = Path.Combine(Artifacts, "models", "squeezesam", "squeezesam-256-int8.onnx");
        text.Append("\n## ONNX Runtime's options\n\n")
            .Append(OptionsBench.Table(model, 1))
            .Append('\n')
            .Append(OptionsBench.Table(model, 2));
        text.Append(
                """

                Spinning is off: threads that spin while they wait take processor time from the cameras and from a battery; the rows above
                say what it is worth here. The memory pattern is off for EfficientSAM only, where it costs 430 MB. Inputs and outputs are
                bound once to memory of ours (no copies in or out). An optimised graph is not kept on disk: the signed hash would not cover
                it, and the part of the start that it would save is in the table below.

                ## The start


                """
            )
            .Append(OptionsBench.Start(Path.GetDirectoryName(model)!));
        text.Append(Size());
        File.WriteAllText(file, text.ToString());
        text.Append(Service());
        // the longest at the end: what was measured until then is kept
        File.WriteAllText(file, text.ToString());
        text.Append(AutomaticMaskGenerator(grid));
        File.WriteAllText(file, text.ToString());
    }

    private static void Frames(StringBuilder text)
    {
        using var json = JsonDocument.Parse(Output(Binary, ["bench", "--json", "--frames", "40"]));
        text.Append(
            "| precision | threads | saliency pass | frame p50 ms | p95 | fps | outside | bytes | gen-2 | peak RSS MiB | IoU |\n"
                + "|---|---|---|---|---|---|---|---|---|---|---|\n"
        );
        foreach (var f in json.RootElement.GetProperty("forms").EnumerateArray().Select(FrameStats.Read))
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {f.Precision} | {f.Threads} | {(f.SaliencyEvery == 1 ? "each frame" : $"every {f.SaliencyEvery}")} | "
                    + $"{f.Ms["frame"].P50:0.0} | {f.Ms["frame"].P95:0.0} | {f.Fps:0.0} | {f.OutsideModel:0.0%} | {f.BytesAFrame:0} | "
                    + $"{f.Gen2} | {f.PeakRssMiB:0} | {f.MeanIou:0.000} |\n"
            );
        var best = BenchPlan.Best([.. json.RootElement.GetProperty("forms").EnumerateArray().Select(FrameStats.Read)]);
        text.Append($"\nThe stages of the best, {best.Title}:\n\n| stage | p50 ms | p95 ms |\n|---|---|---|\n");
        foreach (var (stage, p50, p95) in best.Stages())
            text.Append(CultureInfo.InvariantCulture, $"| {stage} | {p50:0.000} | {p95:0.000} |\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"\n`auto.saliency_every = N` asks the clicks of the last saliency pass again on the frames between. The scene's object "
                + $"crosses the picture in about 100 frames; the IoU column is what that costs there, and a faster object costs more.\n\n"
                + $"Process start to first mask: {json.RootElement.GetProperty("start_to_first_mask_ms").GetDouble():0} ms by the clock "
                + $"(goal: 500 on a quiet machine), {SegmentCpuMs():0} ms of the processor; `edgeseg --version` in the same run: "
                + $"{CpuMs(["--version"]):0} ms of the processor.\n"
        );
    }

    private static string AutomaticMaskGenerator(int grid)
    {
        const string title = "\n## Automatic masks, with EfficientSAM-Ti's graphs\n\n";
        if (Environment.GetEnvironmentVariable("EDGESEG_EFFICIENTSAM") is not { Length: > 0 } models)
            return title
                + "Not measured: tests/data/make_efficientsam.py --full makes the graphs and needs Python with torch "
                + "(models/training/README.md).\n";
        var lines = Output(
                Environment.ProcessPath!,
                [
                    .. AutomaticMasksBench.Self(),
                    "everything",
                    Path.Combine(models, "encoder.onnx"),
                    Path.Combine(models, "decoder.onnx"),
                    Path.Combine(Artifacts, "demo", "chelsea.jpg"),
                    grid.ToString(CultureInfo.InvariantCulture),
                ]
            )
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var rows = lines.Skip(1).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        double Ratio(int column) =>
            double.Parse(rows[0][column], CultureInfo.InvariantCulture) / double.Parse(rows[1][column], CultureInfo.InvariantCulture);
        var text = new StringBuilder(
            title
                + $"1280x720, a grid of {grid}x{grid}, the published graphs' form with random weights, every filter open; each way in a "
                + "process of its own. The straightforward way is that of EfficientSAM's example: full-size masks from the graph, "
                + "kept until the end.\n\n| way | encoder ms | all else s | ms a query | peak MiB |\n|---|---|---|---|---|\n"
        );
        foreach (var r in rows)
            text.Append($"| {r[0]} | {r[1]} | {r[2]} | {r[3]} | {r[4]} |\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"| straightforward : ours | {Ratio(1):0.0} | {Ratio(2):0.0} | {Ratio(3):0.0} | {Ratio(4):0.0} |\n\nGoal: 3 times in "
                + $"everything but the encoder, a quarter of the memory.\n"
        );
        return text.ToString();
    }

    /// <summary>
    /// The service, the program that ships, watched from outside: with a camera that nobody asks, with a mask of every frame, with several
    /// cameras.
    /// </summary>
    private static string Service()
    {
        var (idle, one, three) = (Watch("on_command", 1), Watch("continuous", 1), Watch("continuous", 3));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""

            ## The service as a whole

            `edgeseg run` with the broker inside and cameras of 1280x720 that give {CameraFps} frames a second, over {WatchS} s, model as
            chosen at start. `on_command` without commands; `on_trigger` waits in the same way. Processor time: user and system, of every
            thread of the process, ONNX Runtime's and OpenCV's included; the camera's one look a second for a frozen or black picture is in
            it.

            | mode | cameras | masks a second, each camera | processor, % of a core | resident MiB |
            |---|---|---|---|---|
            | waits for a command | 1 | {idle.Masks} | {idle.Cores * 100:0.0} | {idle.ResidentMiB:0} |
            | every frame | 1 | {one.Masks} | {one.Cores * 100:0} | {one.ResidentMiB:0} |
            | every frame | 3 | {three.Masks} | {three.Cores * 100:0} | {three.ResidentMiB:0} |

            Goals: below 1 % of a core while it waits, at most 200 MB resident with one camera. All cameras share one model session and one
            inference thread, which takes a frame of each camera in turn, commands first: none starves, and a camera more costs its frames
            and pool, no second model. Batching is not done: the shipped graph takes one picture a run.

            """
        );
    }

    private const int CameraFps = 15,
        WatchS = 20;

    private static (string Masks, double Cores, double ResidentMiB) Watch(string mode, int cameras)
    {
        var folder = Directory.CreateTempSubdirectory("edgeseg-watch-");
        try
        {
            var port = BenchBroker.FreePort();
            var config = Path.Combine(folder.FullName, "edgeseg.toml");
            var tables = Enumerable
                .Range(0, cameras)
                .Select(i => $"[[camera]]\nid = \"cam{i}\"\nuri = \"test:?w=1280&h=720&fps={CameraFps}\"\nmode = \"{mode}\"\n");
            File.WriteAllText(
                config,
                $"device = \"bench\"\nstate_dir = \"{folder.FullName}\"\n[mqtt]\nport = {port}\n{string.Concat(tables)}"
            );
            var start = new ProcessStartInfo(Binary, ["run", "--config", config]) { RedirectStandardError = true };
            // edgeseg takes every EDGESEG_ variable for a setting
            foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("EDGESEG_", StringComparison.Ordinal)).ToList())
                start.Environment.Remove(name);
            using var process = Process.Start(start)!;
            var said = process.StandardError.ReadToEndAsync();
            Thread.Sleep(5000);
            using var masks = MaskCount.StartAsync(port, "bench").GetAwaiter().GetResult();
            var before = masks.Counts;
            process.Refresh();
            if (process.HasExited)
                throw new InvalidOperationException($"the service ended: {said.Result}");
            var (cpu, since) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
            Thread.Sleep(WatchS * 1000);
            process.Refresh();
            var seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
            var (share, resident) = ((process.TotalProcessorTime - cpu).TotalSeconds / seconds, process.WorkingSet64 / 1048576.0);
            var after = masks.Counts;
            process.Kill();
            process.WaitForExit();
            var each = Enumerable
                .Range(0, cameras)
                .Select(i => (after.GetValueOrDefault($"cam{i}") - before.GetValueOrDefault($"cam{i}")) / seconds);
            return (string.Join(" / ", each.Select(f => f.ToString("0.0", CultureInfo.InvariantCulture))), share, resident);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Size() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"\n## Size\n\nThe executable: {new FileInfo(Binary).Length / 1e6:0.0} MB; the goal of 12 MB is not met. "
                + $"docs/decisions/executable-size.md says what it is made of and what was left in. Native libraries beside it: ONNX "
                + $"Runtime {new FileInfo(Path.Combine(Artifacts, "libonnxruntime.so")).Length / 1e6:0} MB, OpenCV "
                + $"{new FileInfo(Path.Combine(Artifacts, "libOpenCvSharpExtern.so")).Length / 1e6:0} MB.\n"
        );

    /// <summary>A mask message of each demo photograph, as the program that ships writes it.</summary>
    public static IReadOnlyList<byte[]> Masks() =>
        [
            .. Output(Binary, ["segment", .. Directory.GetFiles(Path.Combine(Artifacts, "demo"), "*.jpg").Order(StringComparer.Ordinal)])
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(Encoding.UTF8.GetBytes),
        ];

    public static string Machine()
    {
        var cpu =
            File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            ?? System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString();
        var memory =
            long.Parse(
                File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture
            ) >> 20;
        return $"{Environment.ProcessorCount} cores of a {cpu}, {memory} GiB, load average "
            + $"{File.ReadAllText("/proc/loadavg").Split(' ')[0]} when it began";
    }

    private static double SegmentCpuMs() => CpuMs(["segment", Path.Combine(Artifacts, "demo", "chelsea.jpg")]);

    /// <summary>Processor time of the program's run, user and system, the least of three.</summary>
    private static double CpuMs(string[] arguments) =>
        Enumerable
            .Range(0, 3)
            .Min(_ =>
            {
                var output = Output(
                    "bash",
                    ["-c", "TIMEFORMAT='%U %S'; time \"$@\" >/dev/null", "bash", Binary, .. arguments],
                    errors: true
                );
                var parts = output.Trim().Split('\n')[^1].Split(' ');
                return 1000 * (double.Parse(parts[0], CultureInfo.InvariantCulture) + double.Parse(parts[1], CultureInfo.InvariantCulture));
            });

    private static string Output(string program, IEnumerable<string> arguments, bool errors = false)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = !errors, RedirectStandardError = errors }
        )!;
        var output = errors ? process.StandardError.ReadToEnd() : process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{Path.GetFileName(program)} {arguments.First()} ended with {process.ExitCode}");
    }

    public static string Root([System.Runtime.CompilerServices.CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
