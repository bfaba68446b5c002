using System.Diagnostics;
using System.Text;
using EdgeSeg.Configuration;
using EdgeSeg.Mqtt;
using EdgeSeg.Pipeline;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>
/// The published service for minutes on end: a 720p camera at 30 frames a second, a real mosquitto, a subscriber. Two minutes here,
/// <c>./build.sh soak [minutes]</c> (EDGESEG_SOAK_MINUTES) for longer; EDGESEG_SOAK_CAMERA puts another source in place of the synthetic
/// one. Prints its figures.
/// </summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    /// <summary>
    /// The model's arenas, the pools and the managed heap have come to their size; the interval that lies across is thrown away. The store
    /// of held frames is small: at its default it grows whenever the frames come more slowly than before.
    /// </summary>
    private const double WarmUpS = 30;

    private const int TelemetryS = 5;

    /// <summary>
    /// Growth of resident memory that counts as none, over whatever time: what a page cache of the allocator or a garbage collection that
    /// is due moves.
    /// </summary>
    private const long FlatBytes = 4 << 20;

    /// <summary>
    /// What goes with time and not with frames, and so weighs more the fewer frames a machine makes: telemetry and the control loop's look
    /// round. Measured: 4.9 kB.
    /// </summary>
    private const int BytesASecond = 8 << 10;

    private static string Camera => Environment.GetEnvironmentVariable("EDGESEG_SOAK_CAMERA") ?? "test:?w=1280&h=720&fps=30";

    [Fact]
    public async Task The_service_runs_on_without_growing_leaking_or_writing()
    {
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port, "edgeseg/v1/soak/telemetry");
        using var scratch = new Scratch();
        var config = scratch.Write(
            "edgeseg.toml",
            Encoding.UTF8.GetBytes(
                $"""
                device = "soak"
                state_dir = "{scratch.Path}"
                [mqtt]
                host = "127.0.0.1"
                port = {broker.Port}
                [telemetry]
                interval_s = {TelemetryS}
                [frames]
                hold_mib = 8
                [[camera]]
                id = "front"
                uri = '{Camera}'
                loop = true
                """
            )
        );
        using var process = Process.Start(Published.Start(Published.Binary, ["run", "--config", config]))!;
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            var watch = new ProcessWatch(process.Id);
            var began = Stopwatch.GetTimestamp();
            await WatchAsync(watch, process, began, WarmUpS);
            listener.All.Clear();
            watch.Begin();
            await WatchAsync(watch, process, began, Math.Max(Stress.Minutes * 60, WarmUpS + 4 * TelemetryS));
            var figures = watch.End();
            var telemetry = listener.All.Skip(1).Select(h => SoakTelemetry.Read(h.Text)).ToArray();
            Assert.Equal(0, Signals.Send(process.Id, Signals.Terminate));
            await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
            Check(figures, telemetry, process.ExitCode, await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private void Check(ProcessWatch.Stats process, SoakTelemetry[] telemetry, int exitCode, string journal)
    {
        double framesIn = telemetry.Sum(t => t.FramesIn),
            framesOut = telemetry.Sum(t => t.FramesOut);
        var allocated = telemetry.Sum(t => t.AllocatedBytes);
        var leaked = journal.Contains("never returned", StringComparison.Ordinal);
        Say($"{process.Seconds:0} s after {WarmUpS:0} s of warm-up, {Camera}: {framesIn:0} frames in, {framesOut:0} masks out");
        Say($"resident memory {process.FirstBytes / 1048576.0:0.00} MiB -> {process.LastBytes / 1048576.0:0.00} MiB");
        Say($"slope of resident memory {process.SlopeBytesPerHour / 1048576:0.00} MiB/h");
        Say($"bytes written to disk {process.WrittenBytes}; frames leaked {(leaked ? "some" : "0")}");
        Say($"most frames held {telemetry.Max(t => t.FramesHeld)} of {PipelineLimits.FrameSlots}");
        Say($"most messages waiting {telemetry.Max(t => t.Waiting)} of {MqttSettings.DefaultOutboxMessages}");
        Say($"gen-0 {telemetry.Sum(t => t.Gen0)}, gen-1 {telemetry.Sum(t => t.Gen1)}, gen-2 {telemetry.Sum(t => t.Gen2)} collections");
        Say(
            $"bytes allocated: {allocated / framesOut:0} a mask, {allocated / framesIn:0} a frame, {allocated / process.Seconds:0} a second"
        );
        Say($"end to end p95, last interval: {telemetry[^1].P95Ms:0.0} ms; drops: {string.Join(", ", telemetry[^1].Drops)}");
        Assert.Equal((0, false), (exitCode, leaked));
        Assert.True(framesOut > 0 && framesIn >= framesOut, "masks come");
        Assert.Equal(0, process.WrittenBytes);
        Assert.Equal(0, telemetry.Sum(t => t.Gen2));
        Assert.InRange(telemetry.Max(t => t.FramesHeld), 0, PipelineLimits.FrameSlots - 1);
        Assert.InRange(telemetry.Max(t => t.Waiting), 0, MqttSettings.DefaultOutboxMessages);
        Assert.InRange(process.LastBytes - process.FirstBytes, long.MinValue, FlatBytes);
        // on a loaded machine few frames come in a second, so that what is granted by the second may be more than all that was allocated
        Assert.InRange((allocated - process.Seconds * BytesASecond) / framesIn, double.MinValue, 1024);
    }

    private void Say(FormattableString line) => output.WriteLine("soak: " + FormattableString.Invariant(line));

    private static async Task WatchAsync(ProcessWatch watch, Process process, long began, double untilS)
    {
        while (Stopwatch.GetElapsedTime(began).TotalSeconds < untilS)
        {
            await Task.Delay(1000);
            if (process.HasExited)
                Assert.Fail($"the service ended by itself with {process.ExitCode}");
            watch.Look();
        }
    }
}
