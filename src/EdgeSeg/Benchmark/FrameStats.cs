using System.Globalization;
using System.Text.Json;
using EdgeSeg.Vision.Models;

namespace EdgeSeg.Benchmark;

/// <summary>What was measured of one way to run a model, frame by frame, in a process of its own.</summary>
internal sealed record FrameStats
{
    public required string Precision { get; init; }

    public required int Threads { get; init; }

    /// <summary>The saliency pass on every Nth frame.</summary>
    public required int SaliencyEvery { get; init; }

    /// <summary>Of the graph.</summary>
    public required int Input { get; init; }

    public required int Frames { get; init; }

    /// <summary>Median and 95th percentile of each stage that took place, and of the whole (<c>frame</c>), in milliseconds.</summary>
    public required IReadOnlyDictionary<string, (double P50, double P95)> Ms { get; init; }

    /// <summary>0..1 of a frame's time, over all frames: everything but the runs of the model.</summary>
    public required double OutsideModel { get; init; }

    public required double BytesAFrame { get; init; }

    public required int Gen2 { get; init; }

    public required double PeakRssMiB { get; init; }

    /// <summary>Mean over the frames of the moving test scene, whose masks are known.</summary>
    public required double MeanIou { get; init; }

    /// <summary>Nearest-rank percentile of at least one value; the list is sorted.</summary>
    public static double Percentile(List<double> values, int percent)
    {
        values.Sort();
        return values[Math.Clamp((int)Math.Ceiling(values.Count * percent / 100.0) - 1, 0, values.Count - 1)];
    }

    public double Fps => 1000 / Ms["frame"].P50;

    public string Title =>
        $"{Precision}, {Input}, {Threads} thread{(Threads == 1 ? "" : "s")}"
        + (SaliencyEvery > 1 ? $", saliency every {SaliencyEvery}" : "");

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("precision", Precision);
        json.WriteNumber("threads", Threads);
        json.WriteNumber("saliency_every", SaliencyEvery);
        json.WriteNumber("input", Input);
        json.WriteNumber("frames", Frames);
        json.WriteStartObject("ms");
        foreach (var (stage, (p50, p95)) in Ms)
        {
            json.WriteStartObject(stage);
            json.WriteNumber("p50", Math.Round(p50, 3));
            json.WriteNumber("p95", Math.Round(p95, 3));
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteNumber("fps", Math.Round(Fps, 2));
        json.WriteNumber("outside_model", Math.Round(OutsideModel, 4));
        json.WriteNumber("bytes_a_frame", Math.Round(BytesAFrame, 1));
        json.WriteNumber("gen2", Gen2);
        json.WriteNumber("peak_rss_mib", Math.Round(PeakRssMiB, 1));
        json.WriteNumber("mean_iou", Math.Round(MeanIou, 4));
        json.WriteEndObject();
    }

    public static FrameStats Read(JsonElement json) =>
        new()
        {
            Precision = json.GetProperty("precision").GetString()!,
            Threads = json.GetProperty("threads").GetInt32(),
            SaliencyEvery = json.GetProperty("saliency_every").GetInt32(),
            Input = json.GetProperty("input").GetInt32(),
            Frames = json.GetProperty("frames").GetInt32(),
            Ms = json.GetProperty("ms")
                .EnumerateObject()
                .ToDictionary(s => s.Name, s => (s.Value.GetProperty("p50").GetDouble(), s.Value.GetProperty("p95").GetDouble())),
            OutsideModel = json.GetProperty("outside_model").GetDouble(),
            BytesAFrame = json.GetProperty("bytes_a_frame").GetDouble(),
            Gen2 = json.GetProperty("gen2").GetInt32(),
            PeakRssMiB = json.GetProperty("peak_rss_mib").GetDouble(),
            MeanIou = json.GetProperty("mean_iou").GetDouble(),
        };

    public static string Header =>
        string.Format(
            "{0,-9} {1,5} {2,7} {3,8} {4,9} {5,7} {6,6} {7,8} {8,6} {9,4} {10,7} {11,5}",
            "precision",
            "input",
            "threads",
            "saliency",
            "frame p50",
            "p95",
            "fps",
            "outside",
            "bytes",
            "gen2",
            "RSS MiB",
            "IoU"
        );

    public override string ToString() =>
        string.Format(
            CultureInfo.InvariantCulture,
            "{0,-9} {1,5} {2,7} {3,8} {4,9:0.0} {5,7:0.0} {6,6:0.0} {7,8:0.0%} {8,6:0} {9,4} {10,7:0} {11,5:0.00}",
            Precision,
            Input,
            Threads,
            (SaliencyEvery == 1 ? "each" : $"every {SaliencyEvery}"),
            Ms["frame"].P50,
            Ms["frame"].P95,
            Fps,
            OutsideModel,
            BytesAFrame,
            Gen2,
            PeakRssMiB,
            MeanIou
        );

    /// <summary>Stages in their order, the whole at the end.</summary>
    public IEnumerable<(string Stage, double P50, double P95)> Stages() =>
        StageTimes.Names.ToArray().Append("frame").Where(Ms.ContainsKey).Select(s => (s, Ms[s].P50, Ms[s].P95));
}
