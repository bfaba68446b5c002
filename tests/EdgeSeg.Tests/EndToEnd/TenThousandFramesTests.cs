using System.Diagnostics;
using System.Text;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>
/// Ten thousand frames of 720p through the published service, from the camera to a real mosquitto, as fast as they go. The model answers at
/// once, so the service's own work is measured: what it allocates for each frame, and that nothing is collected in generation 2. The camera
/// never ends; the test stops the service once the camera has given enough frames, however long that takes.
/// </summary>
public sealed class TenThousandFramesTests(ITestOutputHelper output)
{
    /// <summary>
    /// Until then the store of held frames, and whatever else is kept, grows to its size. The store has the least size: at its default it
    /// grows whenever the frames come more slowly than before, as on a machine that is loaded for a while.
    /// </summary>
    private const int WarmUpFrames = 1_000;

    private const int Frames = 10_000,
        BytesPerFrame = 1024,
        PatienceS = 1800;

    /// <summary>For the control loop and the telemetry of one interval, which a slow machine has more of.</summary>
    private const int BytesPerInterval = 128 << 10;

    [Fact]
    public async Task Ten_thousand_frames_cost_no_old_collection_and_a_KiB_each_at_most()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port, "edgeseg/v1/counted/telemetry");
        using var scratch = new Scratch();
        using var process = Process.Start(Published.Start(Published.Binary, ["run", "--config", Configuration(scratch, broker.Port)]))!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await Wait.UntilAsync(
                () => process.HasExited || Measured(listener).Sum(t => t.FramesIn) >= Frames,
                $"the camera gives {Frames} frames after {WarmUpFrames}",
                PatienceS
            );
            Assert.False(process.HasExited, "the service goes on");
            Signals.Send(process.Id, Signals.Terminate);
            await Wait.UntilAsync(() => process.HasExited, "the service ends");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }

        Assert.True(process.ExitCode == 0, await errors);
        var telemetry = Measured(listener);
        double frames = telemetry.Sum(t => t.FramesIn),
            bytes = telemetry.Sum(t => t.AllocatedBytes);
        output.WriteLine(
            FormattableString.Invariant($"{frames:0} frames, {telemetry.Sum(t => t.FramesOut):0} masks in {telemetry.Length} s; ")
                + FormattableString.Invariant($"{bytes / frames:0} bytes allocated a frame; ")
                + $"collections {telemetry.Sum(t => t.Gen0)}, {telemetry.Sum(t => t.Gen1)}, {telemetry.Sum(t => t.Gen2)}"
        );
        Assert.Equal(0, telemetry.Sum(t => t.Gen2));
        Assert.InRange(bytes, 0, BytesPerFrame * frames + BytesPerInterval * telemetry.Length);
    }

    /// <summary>The intervals after the warm-up.</summary>
    private static SoakTelemetry[] Measured(Listener listener)
    {
        var before = 0.0;
        return [.. listener.All.Select(h => SoakTelemetry.Read(h.Text)).SkipWhile(t => (before += t.FramesIn) < WarmUpFrames).Skip(1)];
    }

    private static string Configuration(Scratch scratch, int port)
    {
        float[] map =
        [
            .. Enumerable.Range(0, 64 * 64).Select(i => (i % 64 - 32) * (i % 64 - 32) + (i / 64 - 32) * (i / 64 - 32) < 400 ? 4f : -4f),
        ];
        var model = OnnxGraph.Bundle(
            OnnxGraph.SqueezeSam(128, 128, [.. map, .. map, .. map], [0.5f, 0.9f, 0.3f], map, 64, 64).ToBytes(),
            Path.Combine(scratch.Path, "model")
        );
        return scratch.Write(
            "edgeseg.toml",
            Encoding.UTF8.GetBytes(
                $"""
                device = "counted"
                state_dir = "{scratch.Path}"
                [mqtt]
                host = "127.0.0.1"
                port = {port}
                [telemetry]
                interval_s = 1
                [frames]
                hold_mib = 1
                [model]
                dir = "{model}"
                [[camera]]
                id = "front"
                uri = "test:?w=1280&h=720&fps=0"
                """
            )
        );
    }
}
