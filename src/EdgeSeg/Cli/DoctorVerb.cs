using System.CommandLine;
using EdgeSeg.Configuration;
using EdgeSeg.Health;
using EdgeSeg.Messages;
using EdgeSeg.Platform;
using EdgeSeg.Service;
using EdgeSeg.Vision;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg doctor</c>: checks everything that the service needs, with a remedy for each failure.</summary>
internal static class DoctorVerb
{
    public static Command Create()
    {
        var config = RunVerb.ConfigOption();
        var command = new Command(
            "doctor",
            "Checks settings, native libraries, model, cameras, broker, GPIO, disk, clock and temperature; prints remedies. "
                + "Exit code 1 when something failed. On an installed device run it as root, which may read the secrets and the state.\n\n"
                + "Example: sudo edgeseg doctor"
        )
        {
            config,
        };
        command.SetAction(parsed =>
        {
            var settings = RunVerb.Load(parsed, config);
            NativeLibraries.Configure(NativeLibraries.Runtime, settings.Runtime.Library);
            NativeLibraries.Configure(NativeLibraries.OpenCv, settings.Runtime.OpenCvLibrary);
            var checks = Doctor.Examine(Looks(settings));
            Doctor.Write(Console.Out, checks);
            return Doctor.ExitCode(checks);
        });
        return command;
    }

    private static List<(string Name, Func<Check> Look)> Looks(Settings settings)
    {
        var looks = new List<(string, Func<Check>)>
        {
            (
                "settings",
                () =>
                    settings.Notices.Count == 0
                        ? Check.Ok("settings", settings.Source)
                        : Check.Warning("settings", string.Join("; ", settings.Notices), "delete these keys")
            ),
            NativeChecks.Runtime,
            NativeChecks.OpenCv,
            Doctor.Of("model", () => Model(settings)),
        };
        if (settings.Cameras.Count == 0)
            looks.Add(
                (
                    "cameras",
                    () =>
                        Check.Warning(
                            "cameras",
                            "none is configured",
                            "add a [[camera]] table to the settings; without one `run` has nothing to do"
                        )
                )
            );
        foreach (var camera in settings.Cameras)
            looks.Add(($"camera {camera.Id}", () => Camera(camera)));
        looks.Add(("broker", () => Broker(settings)));
        if (settings.Update.Enabled)
            looks.Add(Doctor.Of("update", () => StartCheck.Update(settings.Update)));
        if (settings.Telemetry.OtlpEndpoint.Length > 0)
            looks.Add(Doctor.Of("telemetry", () => StartCheck.Collector(settings.Telemetry)));
        looks.AddRange(Gpio(settings));
        looks.Add(("disk", () => SystemChecks.Disk(settings.StateDir)));
        looks.Add(("clock", () => SystemChecks.Clock(TimeProvider.System)));
        looks.Add(("temperature", () => SystemChecks.Temperature()));
        return looks;
    }

    /// <summary>The device node first, whose message is more precise; then one picture is read.</summary>
    private static Check Camera(CameraSettings camera)
    {
        var node = DeviceChecks.Camera(camera.Id, camera.Uri);
        return node.State == CheckState.Ok ? CameraCheck.Run(camera.ToOptions()) : node;
    }

    /// <summary>Each chip of which the trigger or an output uses a line, or that none does.</summary>
    private static IEnumerable<(string Name, Func<Check> Look)> Gpio(Settings settings)
    {
        OutputSettings[] outputs = [settings.Busy, settings.Result, settings.Fault];
        string[] chips =
        [
            .. outputs
                .Where(o => o.Line.Length > 0)
                .Select(o => o.Chip)
                .Concat(settings.Trigger.Enabled ? [settings.Trigger.Chip] : [])
                .Distinct(StringComparer.Ordinal),
        ];
        return chips.Length == 0
            ? [("gpio", () => DeviceChecks.Gpio(needed: false))]
            : chips.Select(chip => ("gpio", (Func<Check>)(() => DeviceChecks.Gpio(needed: true, chip))));
    }

    private static Check Broker(Settings settings)
    {
        var topics = new Topics(DeviceId.Resolve(settings.Device), [], settings.Mqtt.TopicPrefix);
        var discovery = settings.HomeAssistant.Enabled ? HomeAssistantMessage.Topic(settings.HomeAssistant.Prefix, topics.Device) : null;
        return BrokerCheck.Examine(settings.Mqtt, topics, MessageRouter.Filters(settings, topics), settings.Console, discovery);
    }

    /// <summary>Every graph of the bundle is read and hashed, and the one that would run is run once.</summary>
    private static string Model(Settings settings)
    {
        // a store that may not be read must not be taken for one without an installed bundle
        if (settings.Update.Enabled && settings.Model.Dir.Length == 0)
            _ = FolderOwner.Exists(ModelUpdates.FolderOf(settings.StateDir));
        var installed = ModelUpdates.InstalledFolder(settings);
        var folder = settings.Model.Dir.Length > 0 ? settings.Model.Dir : installed ?? LoadedModel.DefaultFolder();
        var bundle = ModelBundle.Open(folder);
        foreach (var graph in bundle.Manifest.Graphs)
            bundle.Read(graph);
        using var model = LoadedModel.Load(folder, settings.Model.Precision.ToWire(), settings.Model.Threads);
        return $"{model.Name} {model.Version} in {folder}: {bundle.Manifest.Graphs.Count} graphs intact, {model.Precision} runs "
            + $"({model.PrecisionReason})";
    }
}
