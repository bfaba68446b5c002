using EdgeSeg.Configuration;
using EdgeSeg.Mqtt;
using EdgeSeg.Service;
using EdgeSeg.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>
/// The whole service in this process, on a clock of the test, with a camera that is lost and returns repeatedly, and a real mosquitto. A
/// tenth of the count here, all in <c>./build.sh soak</c>.
/// </summary>
public sealed class CameraStressTests(ITestOutputHelper output)
{
    private const string Root = "edgeseg/v1/robot-7/cam/front/";

    private readonly FakeTimeProvider time = new();

    [Fact]
    public async Task A_camera_pulled_out_and_put_back_again_and_again_streams_each_time()
    {
        var rounds = Stress.Rounds(100);
        await using var broker = await Mosquitto.StartOrSkipAsync();
        await using var listener = await Listener.StartAsync(broker.Port);
        using var scratch = new Scratch();
        var plug = scratch.Write("plug", []);
        using var words = new StringWriter();
        var service = await ServiceBuilder.StartAsync(
            Settings(broker.Port, scratch, plug),
            new Journal(LogLevel.Info, time, TextWriter.Synchronized(words)),
            time
        );
        using var stop = new CancellationTokenSource();
        var running = service.RunAsync(stop.Token);
        try
        {
            for (var i = 0; i < rounds; i++)
            {
                await Comes(() => State(listener) == "streaming", $"the camera streams, round {i}");
                var masks = Masks(listener);
                await Comes(() => Masks(listener) > masks, "masks come");
                File.Delete(plug);
                await Comes(() => State(listener) is "lost" or "recovering", "the loss is published");
                scratch.Write("plug", []);
            }

            await Comes(() => State(listener) == "streaming", "it streams at the end");
        }
        finally
        {
            await stop.CancelAsync();
            Assert.Equal(0, await running);
            await service.DisposeAsync();
        }

        output.WriteLine($"{rounds} times out and back, {Masks(listener)} masks");
        Assert.DoesNotContain("never returned", words.ToString(), StringComparison.Ordinal);
        Assert.Empty(Children(plug));
    }

    private static Settings Settings(int port, Scratch scratch, string plug)
    {
        float[] map =
        [
            .. Enumerable.Range(0, 32 * 32).Select(i => (i % 32 - 16) * (i % 32 - 16) + (i / 32 - 16) * (i / 32 - 16) < 90 ? 4f : -4f),
        ];
        var graph = OnnxGraph.SqueezeSam(64, 64, [.. map, .. map, .. map], [0.5f, 0.9f, 0.3f], map, 32, 32);
        var settings = new Settings { Device = "robot-7", StateDir = scratch.Path };
        (settings.Mqtt.Host, settings.Mqtt.Port) = ("127.0.0.1", port);
        settings.Model.Dir = OnnxGraph.Bundle(graph.ToBytes(), Path.Combine(scratch.Path, "model"));
        settings.Cameras.Add(
            new CameraSettings(0)
            {
                Id = "front",
                Uri = $"pipe:while [ -e {plug} ]; do head -c 12288 /dev/urandom; sleep 0.02; done; exit 1",
                PipeWidth = 64,
                PipeHeight = 64,
                PipeFormat = Capture.PipeFormat.Bgr24,
            }
        );
        return settings;
    }

    private static int Masks(Listener listener) => listener.All.Count(h => h.Topic == Root + "mask");

    private static string? State(Listener listener) => listener.All.LastOrDefault(h => h.Topic == Root + "state")?.State;

    /// <summary>Processes whose command line names this file.</summary>
    private static IEnumerable<string> Children(string file) =>
        Directory
            .EnumerateDirectories("/proc")
            .Where(folder =>
            {
                try
                {
                    return File.ReadAllText(folder + "/cmdline").Contains(file, StringComparison.Ordinal);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    return false;
                }
            });

    private Task Comes(Func<bool> condition, string what) =>
        Wait.UntilAsync(
            () =>
            {
                // a pipe that gives fifty frames a second gives one for each quarter of a second of this clock
                time.Advance(TimeSpan.FromMilliseconds(50));
                return condition();
            },
            what
        );
}
