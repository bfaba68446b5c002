using System.CommandLine;
using System.Runtime.InteropServices;
using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using EdgeSeg.Service;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg run</c>: the service. SIGHUP reads the settings again; bad ones are refused whole, and the old ones stay.</summary>
internal static class RunVerb
{
    public static Option<string?> ConfigOption() =>
        new("--config")
        {
            HelpName = "FILE",
            Description = "TOML or JSON settings. Default: $EDGESEG_CONFIG, else /etc/edgeseg/edgeseg.toml if it is there, else defaults.",
        };

    public static Settings Load(ParseResult parsed, Option<string?> config) => SettingsFile.Load(parsed.GetValue(config), Variables());

    public static Command Create()
    {
        var config = ConfigOption();
        var command = new Command(
            "run",
            "Runs the service: cameras to masks over MQTT, until SIGTERM or SIGINT, or until every source has ended. SIGHUP reads the settings again.\n\nExample: edgeseg run --config edgeseg.toml"
        )
        {
            config,
        };
        command.SetAction((parsed, cancel) => RunAsync(() => Load(parsed, config), cancel));
        return command;
    }

    private static async Task<int> RunAsync(Func<Settings> load, CancellationToken cancel)
    {
        var settings = Checked(load());
        var journal = new Journal(settings.Log.Level, TimeProvider.System);
        using var notifier = ServiceNotifier.FromEnvironment(TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        Settings? next = null;
        CancellationTokenSource? round = null;
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload);
        while (true)
        {
            using (round = CancellationTokenSource.CreateLinkedTokenSource(stop.Token))
            {
                // a reload asked for before this round was there to be cut short
                if (next is not null)
                    (settings, next) = (next, null);
                await using var service = await EdgeSegService.StartAsync(settings, journal, TimeProvider.System, notifier: notifier);
                var code = await service.RunAsync(round.Token);
                if (next is null || stop.IsCancellationRequested)
                {
                    notifier.Stopping();
                    return code;
                }
            }

            (settings, next) = (next, null);
            journal.Info("the settings were read again and are in force");
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        void Reload(PosixSignalContext context)
        {
            context.Cancel = true;
            notifier.Reloading();
            try
            {
                var read = Checked(load());
                if (read.Runtime.Library != settings.Runtime.Library || read.Runtime.OpenCvLibrary != settings.Runtime.OpenCvLibrary)
                    throw new OperatingException(
                        "runtime.library and runtime.opencv_library change only with a new process: systemctl restart edgeseg"
                    );
                next = read;
                round?.Cancel();
            }
            catch (OperatingException e)
            {
                journal.Error($"the new settings are refused, the old ones stay: {e.Message}");
                notifier.Ready();
            }
            catch (ObjectDisposedException)
            {
                // between two rounds: the next one begins with the settings just read
            }
        }
    }

    private static Settings Checked(Settings settings) =>
        settings.Cameras.Count > 0
            ? settings
            : throw new OperatingException(
                $"no camera is configured (settings: {settings.Source}): add a [[camera]] table, for example with uri = \"v4l2:/dev/video0\" or \"test:\"",
                ExitCode.Usage
            );

    private static Dictionary<string, string> Variables() =>
        Environment
            .GetEnvironmentVariables()
            .Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);
}
