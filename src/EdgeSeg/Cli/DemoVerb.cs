using System.CommandLine;
using System.Net;
using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using EdgeSeg.Service;
using EdgeSeg.Vision.Platform;
using EdgeSeg.WebConsole;

namespace EdgeSeg.Cli;

/// <summary>
/// <c>edgeseg demo</c>: the whole way on photographs, with a broker of its own and a subscriber on a real socket. No camera, no broker
/// needed.
/// </summary>
internal static class DemoVerb
{
    public static Command Create()
    {
        var outDir = new Option<string>("--out")
        {
            HelpName = "DIR",
            Description = "Folder for the overlay pictures.",
            DefaultValueFactory = _ => "demo-out",
        };
        var images = new Option<string?>("--images")
        {
            HelpName = "DIR",
            Description = "Photographs of your own instead of the shipped ones.",
        };
        var console = new Option<bool>("--console")
        {
            Description = "Serve the operator's page on loopback and replay the photographs over and over, until Ctrl-C.",
        };
        var port = new Option<int>("--port")
        {
            HelpName = "N",
            Description = "Port of that page; 0: a free one.",
            DefaultValueFactory = _ => new ConsoleSettings().Port,
        }.Within(0, 65535);
        var command = new Command(
            "demo",
            "Finds the salient object in photographs and sends its mask over MQTT: starts a broker inside the process, "
                + "replays the photographs through the service, prints each mask that a subscriber receives, and draws it."
                + "\n\nExample: edgeseg demo --out demo-out"
        )
        {
            outDir,
            images,
            console,
            port,
        };
        command.SetAction(
            (parsed, cancel) =>
                parsed.GetValue(console)
                    ? ShowAsync(parsed.GetValue(images) ?? ShippedPhotographs(), parsed.GetValue(port), cancel)
                    : RunAsync(parsed.GetValue(images) ?? ShippedPhotographs(), parsed.GetValue(outDir)!, cancel)
        );
        return command;
    }

    private static async Task<int> RunAsync(string images, string outDir, CancellationToken cancel)
    {
        if (!Directory.Exists(images))
            throw new OperatingException($"{images}: is not a folder: name a folder of photographs with --images", ExitCode.Usage);
        if (FinalFile.RealPath(images) == FinalFile.RealPath(outDir))
            throw new OperatingException($"{outDir}: is the folder of the photographs: choose another with --out", ExitCode.Usage);
        using var overall = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        overall.CancelAfter(TimeSpan.FromSeconds(CliLimits.DemoS));
        var replay = new CameraSettings(0) { Id = "replay", Uri = "images:" + Path.GetFullPath(images) };
        // a service would wait for photographs; the demo reports that there are none
        using (var probe = CameraSource.Create(replay.ToOptions()))
            probe.Open();
        var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0);
        var settings = new Settings { Device = "demo" };
        settings.Cameras.Add(replay);
        settings.Update.Enabled = false;
        settings.Telemetry.IntervalS = 1;
        await using var subscriber = new DemoSubscriber(images, outDir, Console.Out);
        await subscriber.ConnectAsync(broker.Port, new Topics("demo", ["replay"]), overall.Token);
        Console.WriteLine($"Broker on 127.0.0.1:{broker.Port}; subscribed to {Topics.Below(settings.Mqtt.TopicPrefix)}demo/#");
        long results;
        await using (
            var service = await ServiceBuilder.StartAsync(
                settings,
                new Journal(LogLevel.Warning, TimeProvider.System),
                TimeProvider.System,
                broker
            )
        )
        {
            await service.RunAsync(overall.Token);
            results = service.Results;
            await subscriber.WaitAsync(results, overall.Token);
        }

        Console.WriteLine(
            $"{subscriber.Masks} masks of {results} photographs came through the broker; pictures are in {Path.GetFullPath(outDir)}"
        );
        if (subscriber.Masks > 0 && subscriber.Messages == results)
            return ExitCode.Ok;
        Verbs.Fail(
            results == 0
                ? $"no photograph of {images} could be read"
                : $"{results - subscriber.Messages} of {results} messages did not arrive, {subscriber.Masks} held a mask"
        );
        return ExitCode.Failed;
    }

    /// <summary>The console on replayed photographs, until cancelled.</summary>
    private static async Task<int> ShowAsync(string images, int port, CancellationToken cancel)
    {
        if (!Directory.Exists(images))
            throw new OperatingException($"{images}: is not a folder: name a folder of photographs with --images", ExitCode.Usage);
        var settings = new Settings { Device = "demo" };
        var console = WebListener.Open(IPAddress.Loopback, port, new PageSettings(Device: settings.Device));
        var broker = await EmbeddedBroker.StartAsync(IPAddress.Loopback, 0, console: console);
        settings.Cameras.Add(
            new CameraSettings(0)
            {
                Id = "replay",
                Uri = "images:" + Path.GetFullPath(images),
                Loop = true,
                Fps = CliLimits.DemoConsoleFps,
            }
        );
        settings.Telemetry.IntervalS = 2;
        settings.Update.Enabled = false;
        await using var service = await ServiceBuilder.StartAsync(
            settings,
            new Journal(LogLevel.Warning, TimeProvider.System),
            TimeProvider.System,
            broker
        );
        Console.WriteLine($"Console on http://{console.EndPoint}/ (broker on 127.0.0.1:{broker.Port}); Ctrl-C ends it");
        return await service.RunAsync(cancel);
    }

    private static string ShippedPhotographs()
    {
        string[] places = [Path.Combine(AppContext.BaseDirectory, "demo"), "/usr/share/edgeseg/demo"];
        return Array.Find(places, Directory.Exists)
            ?? throw new OperatingException(
                $"the demo photographs are in none of {string.Join(", ", places)}: name a folder of your own with --images"
            );
    }
}
