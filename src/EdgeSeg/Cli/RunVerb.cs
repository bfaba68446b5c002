using System.CommandLine;
using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using EdgeSeg.Service;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>
/// <c>edgeseg run</c>: the service. SIGHUP reloads the settings; those with which a start would fail are refused, and the old ones stay.
/// </summary>
internal static class RunVerb
{
    public const string Name = "run";

    public static Option<string?> ConfigOption() =>
        new("--config")
        {
            HelpName = "FILE",
            Description = "TOML or JSON settings. Default: $EDGESEG_CONFIG, else /etc/edgeseg/edgeseg.toml if it is there, else defaults.",
        };

    public static Settings Load(ParseResult parsed, Option<string?> config) =>
        SettingsFile.Load(parsed.GetValue(config), SecretFile.Variables);

    public static Command Create()
    {
        var config = ConfigOption();
        var waits = new Option<bool>("--wait-for-subscriber")
        {
            Description =
                "Cameras that replay files start when a client has subscribed to masks at the embedded broker, not after 2 seconds.",
        };
        var command = new Command(
            Name,
            "Runs the service: cameras to masks over MQTT, until SIGTERM or SIGINT, or until every source has ended. SIGHUP "
                + "reads the settings again.\n\nExample: edgeseg run --config edgeseg.toml"
        )
        {
            config,
            waits,
        };
        command.SetAction((parsed, _) => RunAsync(() => Load(parsed, config), parsed.GetValue(waits)));
        return command;
    }

    private static async Task<int> RunAsync(Func<Settings> load, bool waitForSubscriber)
    {
        var time = TimeProvider.System;
        var starts = FailedStarts.FromEnvironment(time);
        using var notifier = ServiceNotifier.FromEnvironment(time);
        ServiceSignals.Register();
        var stop = ServiceSignals.Stop;
        var started = false;
        try
        {
            var settings = Checked(load());
            var journal = new Journal(settings.Log.Level, time);
            var runner = new ServiceRunner(() => Checked(load()), journal, notifier, time, waitForSubscriber)
            {
                Started = () =>
                {
                    started = true;
                    starts.Clear();
                },
            };
            ServiceSignals.OnReload(runner.RequestReload);
            return await runner.RunAsync(settings, stop);
        }
        catch (Exception e) when (!started)
        {
            var refusal = Verbs.Refusal(e) ?? new OperatingException($"the start failed for a reason that is not known: {e}");
            Verbs.Fail(refusal.Message);
            // a SIGHUP ends the wait: the service manager starts the service with the changed settings
            using var wait = CancellationTokenSource.CreateLinkedTokenSource(stop);
            ServiceSignals.OnReload(wait.Cancel);
            await WaitAsync(starts, notifier, refusal.Message, wait.Token);
            return refusal.ExitCode;
        }
    }

    /// <summary>Waits after starts that failed one after another, so that the service manager does not restart every second.</summary>
    private static async Task WaitAsync(FailedStarts starts, ServiceNotifier notifier, string reason, CancellationToken stop)
    {
        var wait = starts.Add();
        notifier.Status($"cannot start: {reason}");
        if (wait > TimeSpan.Zero)
        {
            Verbs.Fail($"{starts.Count} starts in a row have failed; the next one follows in {wait.TotalSeconds:0} s");
            await Task.Delay(wait, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        starts.Ended();
    }

    private static Settings Checked(Settings settings) =>
        settings.Cameras.Count > 0
            ? settings
            : throw new OperatingException(
                $"no camera is configured (settings: {settings.Source}): add a [[camera]] table, for example with uri = "
                    + "\"v4l2:/dev/video0\" or \"test:\"",
                ExitCode.Usage
            );
}
