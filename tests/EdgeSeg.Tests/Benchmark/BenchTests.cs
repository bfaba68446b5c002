using System.Text;
using System.Text.Json;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Benchmark;

public class BenchTests
{
    [Fact]
    public void The_fastest_is_best_unless_fewer_threads_are_nearly_as_fast()
    {
        var (slow, one, two) = (Stats("fp32", 1, 30), Stats("int8", 1, 20.4), Stats("int8", 2, 20));
        Assert.Equal(one, BenchPlan.Best([slow, two, one]));
        Assert.Equal(two, BenchPlan.Best([slow, two]));
        // a figure with fewer saliency passes is no choice between forms
        Assert.Equal(slow, BenchPlan.Best([slow, two with { SaliencyEvery = 4 }]));
        Assert.Equal("int8, 256, 2 threads", two.Title);
    }

    [Fact]
    public void Figures_go_from_process_to_process_as_they_are()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            Stats("int8", 2, 20).Write(json);
        using var read = JsonDocument.Parse(stream.ToArray());
        Assert.Equal(Stats("int8", 2, 20).ToString(), FrameStats.Read(read.RootElement).ToString());
    }

    [Fact]
    public void The_published_program_measures_itself_and_recommends_settings()
    {
        var (code, output, errors) = Published.Run(
            Published.Binary,
            ["bench", "--size", "320x240", "--frames", "40", "--precision", "int8", "--threads", "1", "--json"]
        );
        Assert.True(code == 0, errors);
        using var json = JsonDocument.Parse(output);
        Assert.StartsWith("int8, 256, 1 thread: ", json.RootElement.GetProperty("best").GetString());
        Assert.True(json.RootElement.GetProperty("start_to_first_mask_ms").GetDouble() > 0);
        var forms = json.RootElement.GetProperty("forms").EnumerateArray().ToList();
        Assert.Equal([1, 2, 4], forms.Select(f => f.GetProperty("saliency_every").GetInt32()));
        Assert.All(forms, f => Assert.True(f.GetProperty("mean_iou").GetDouble() > 0.5));
        // allocated bytes do not depend on the machine: the frame's allowance holds in the program that ships
        Assert.All(
            forms,
            f =>
                Assert.True(
                    f.GetProperty("bytes_a_frame").GetDouble() <= 1024,
                    Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(f))
                )
        );
        Assert.All(forms, f => Assert.Equal(0, f.GetProperty("gen2").GetInt32()));
    }

    [Theory]
    [InlineData("--size", "big", "WIDTHxHEIGHT")]
    [InlineData("--size", "8x8", "WIDTHxHEIGHT")]
    [InlineData("--frames", "0", "--frames must be")]
    public void Bad_options_are_refused_with_what_is_allowed(string option, string value, string named)
    {
        var (code, _, errors) = Published.Run(Published.Binary, ["bench", option, value]);
        Assert.Equal(2, code);
        Assert.Contains(named, errors);
    }

    private static FrameStats Stats(string precision, int threads, double ms) =>
        new()
        {
            Precision = precision,
            Threads = threads,
            SaliencyEvery = 1,
            Input = 256,
            Frames = 10,
            Ms = new Dictionary<string, (double, double)> { ["frame"] = (ms, 2 * ms) },
            OutsideModel = 0.1,
            BytesAFrame = 0,
            Gen2 = 0,
            PeakRssMiB = 100,
            MeanIou = 0.9,
        };
}
