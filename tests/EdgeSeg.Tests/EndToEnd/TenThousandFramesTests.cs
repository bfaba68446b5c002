using System.Diagnostics;
using System.Text;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>
/// Ten thousand frames of 720p through the published service, from the camera to a real mosquitto, as fast as they go. The model answers at once, so that it is
/// the service's own frames that are counted: what it allocates for each, and that none of it ever gets old.
/// </summary>
public sealed class TenThousandFramesTests(ITestOutputHelper output)
{
    /// <summary>Until then the ring of held frames, and whatever else is kept, grows to its size.</summary>
    private const int WarmUpFrames = 1_000;

    private const int Frames = 10_000,
        AllowedBytes = 1024,
        PatienceS = 600;

    [Fact]
    public async Task Ten_thousand_frames_cost_no_old_collection_and_a_KiB_each_at_most()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port, "edgeseg/v1/counted/telemetry");
        using var scratch = new Scratch();
        float[] map =
        [
            .. Enumerable.Range(0, 64 * 64).Select(i => (i % 64 - 32) * (i % 64 - 32) + (i / 64 - 32) * (i / 64 - 32) < 400 ? 4f : -4f),
        ];
        var model = OnnxGraph.Bundle(
            OnnxGraph.SqueezeSam(128, 128, [.. map, .. map, .. map], [0.5f, 0.9f, 0.3f], map, 64, 64).ToBytes(),
            Path.Combine(scratch.Path, "model")
        );
        // the last interval is not told any more
        using var process = Process.Start(
            Published.Start(
                Published.Binary,
                [
                    "run",
                    "--config",
                    scratch.Write(
                        "edgeseg.toml",
                        Encoding.UTF8.GetBytes(
                            $"""
                            device = "counted"
                            state_dir = "{scratch.Path}"
                            [mqtt]
                            host = "127.0.0.1"
                            port = {broker.Port}
                            [telemetry]
                            interval_s = 1
                            [model]
                            dir = "{model}"
                            [[camera]]
                            id = "front"
                            uri = "test:?w=1280&h=720&fps=0&frames={Frames + WarmUpFrames + 2_000}"
                            """
                        )
                    ),
                ]
            )
        )!;
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(PatienceS)).Token);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }

        Assert.True(process.ExitCode == 0, await errors);
        var before = 0.0;
        var telemetry = listener
            .All.Select(h => SoakTelemetry.Read(h.Text))
            .SkipWhile(t => (before += t.FramesOut) < WarmUpFrames)
            .Skip(1)
            .ToArray();
        double framesOut = telemetry.Sum(t => t.FramesOut),
            each = telemetry.Sum(t => t.AllocatedBytes) / framesOut;
        output.WriteLine(
            FormattableString.Invariant(
                $"{framesOut:0} masks; {each:0} bytes allocated a frame; collections {telemetry.Sum(t => t.Gen0)}, {telemetry.Sum(t => t.Gen1)}, {telemetry.Sum(t => t.Gen2)}"
            )
        );
        Assert.True(framesOut >= Frames, $"{framesOut} frames are not enough");
        Assert.Equal(0, telemetry.Sum(t => t.Gen2));
        Assert.InRange(each, 0, AllowedBytes);
    }
}
