using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using EdgeSeg.Benchmark;
using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg bench</c>: how fast a model runs on this device, in which form, and what to configure.</summary>
internal static class BenchVerb
{
    public static Command Create()
    {
        var size = new Option<string>("--size")
        {
            HelpName = "WxH",
            Description = "Of the frames.",
            DefaultValueFactory = _ => "1280x720",
        };
        var frames = new Option<int>("--frames")
        {
            HelpName = "N",
            Description = "Measured in each form, after some to warm up.",
            DefaultValueFactory = _ => 60,
        }.Within(1, CliLimits.MaxBenchFrames);
        var json = new Option<bool>("--json") { Description = "Figures as one JSON object instead of tables." };
        var alone = new Option<bool>("--alone") { Hidden = true };
        var every = new Option<int>("--saliency-every") { Hidden = true, DefaultValueFactory = _ => 1 }.Within(1, 1000);
        size.Validators.Add(r =>
        {
            if (ParseSize(r.GetValueOrDefault<string>()) is null)
                r.AddError(
                    $"--size must be WIDTHxHEIGHT, {PictureBounds.MinSide} to {ConfigurationLimits.MaxImageSide} pixels a "
                        + "side, for example 1280x720"
                );
        });
        var command = new Command(
            "bench",
            "Measures the model on this device, from a frame's pixels to the message: fp32 and int8, threads, fewer saliency "
                + "passes; the start; memory. Ends with what to configure.\n\nExample: edgeseg bench --size 1280x720"
        )
        {
            size,
            frames,
            json,
            alone,
            every,
        };
        var modelOptions = new ModelOptions(command);
        command.SetAction(parsed =>
        {
            var (width, height) = ParseSize(parsed.GetValue(size))!.Value;
            if (parsed.GetValue(alone))
            {
                var model = modelOptions.Load(parsed);
                Print(w => FrameBench.Run(model, width, height, parsed.GetValue(frames), parsed.GetValue(every)).Write(w));
                return ExitCode.Ok;
            }

            return All(modelOptions, parsed, width, height, parsed.GetValue(frames), parsed.GetValue(json));
        });
        return command;
    }

    private static int All(ModelOptions modelOptions, ParseResult parsed, int width, int height, int frames, bool json)
    {
        string[] precisions;
        using (var model = modelOptions.Load(parsed))
            precisions = modelOptions.IsPrecisionChosen(parsed) ? [model.Precision] : [.. model.Bundle.PrecisionsOf(model.Graph.Role)];
        int[] threads = modelOptions.Threads(parsed) is > 0 and var n
            ? [n]
            : [.. ((int[])[1, 2, 4]).Where(t => t <= Math.Max(1, Environment.ProcessorCount))];
        var plan = new BenchPlan(Environment.ProcessPath!, modelOptions.SameAgain(parsed), width, height, frames);
        if (!json)
            Console.WriteLine($"frames of {width}x{height}, {frames} each; {Environment.ProcessorCount} cores\n\n{FrameStats.Header}");
        var all = plan.Measure(
            precisions,
            threads,
            f =>
            {
                if (!json)
                    Console.WriteLine(f);
            }
        );
        var best = BenchPlan.Best(all);
        var startMs = plan.StartMs();
        if (json)
            Print(w => WriteAll(w, all, best, startMs, width, height));
        else
            Report(best, startMs);
        return ExitCode.Ok;
    }

    private static void Report(FrameStats best, double startMs)
    {
        Console.WriteLine(
            "\n{0,-10} {1,9} {2,9}   ({3}; age from captured to handed over: the frame)",
            "stage",
            "p50 ms",
            "p95 ms",
            best.Title
        );
        foreach (var (stage, p50, p95) in best.Stages())
            Console.WriteLine(string.Format(CultureInfo.InvariantCulture, "{0,-10} {1,9:0.000} {2,9:0.000}", stage, p50, p95));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nprocess start to first mask: {startMs:0} ms"));
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"best here: {best.Title}: {best.Fps:0} fps (model.precision = \"{best.Precision}\", model.threads = {best.Threads})"
            )
        );
    }

    private static void WriteAll(Utf8JsonWriter json, IReadOnlyList<FrameStats> all, FrameStats best, double startMs, int width, int height)
    {
        json.WriteStartObject();
        json.WriteNumber("cores", Environment.ProcessorCount);
        json.WriteStartArray("image");
        json.WriteNumberValue(width);
        json.WriteNumberValue(height);
        json.WriteEndArray();
        json.WriteNumber("start_to_first_mask_ms", Math.Round(startMs, 1));
        json.WriteString("best", $"{best.Title}: {Math.Round(best.Fps)} fps");
        json.WriteStartArray("forms");
        foreach (var figures in all)
            figures.Write(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Print(Action<Utf8JsonWriter> write)
    {
        using var output = new StandardOutput();
        using (var json = new Utf8JsonWriter(output))
            write(json);
        output.WriteByte((byte)'\n');
    }

    private static (int Width, int Height)? ParseSize(string? text) =>
        text?.Split('x') is [var w, var h]
        && int.TryParse(w, NumberStyles.None, CultureInfo.InvariantCulture, out var width)
        && int.TryParse(h, NumberStyles.None, CultureInfo.InvariantCulture, out var height)
        && Math.Min(width, height) >= PictureBounds.MinSide
        && Math.Max(width, height) <= ConfigurationLimits.MaxImageSide
        && (long)width * height <= PictureBounds.MaxPixels
            ? (width, height)
            : null;
}
