using System.CommandLine;
using System.Diagnostics;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using EdgeSeg.Release;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg model status</c>: the update state of each device.</summary>
internal sealed class ModelStatusVerb
{
    private readonly Option<string?> fleet = new("--fleet") { HelpName = "ID", Description = "Only devices of this fleet." };
    private readonly Option<string[]> devices = new("--device") { HelpName = "ID", Description = "Only this device; repeat for more." };
    private readonly Option<bool> follow = new("--follow")
    {
        Description = "Continue: redraws the table on a terminal, writes a line for each change into a pipe.",
    };
    private readonly Option<double?> seconds = new Option<double?>("--for")
    {
        HelpName = "SECONDS",
        Description =
            "End after this time. Default: with --follow never, else when all retained states have come, "
            + $"{CliLimits.FleetReadS} s at most.",
    }.Within(0.001, 86_400);
    private static readonly FleetTopic[] topics = [FleetTopic.ModelState, FleetTopic.Status];
    private readonly BrokerOptions broker;

    private ModelStatusVerb(Command command)
    {
        foreach (var option in new Option[] { fleet, devices, follow, seconds })
            command.Options.Add(option);
        broker = new BrokerOptions(command);
    }

    public static Command Create()
    {
        var command = new Command(
            "status",
            "Shows the model and the update state that each device has published, and who is offline. Exit code 1 "
                + "when there is none.\n\nExample: edgeseg model status --fleet north --follow --host "
                + "broker.example.org"
        );
        var verb = new ModelStatusVerb(command);
        command.SetAction(verb.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        string[] wanted =
        [
            .. (parsed.GetValue(devices) ?? []).Select(d => ModelPublishVerb.Id(d, "--device")).Distinct(StringComparer.Ordinal),
        ];
        var group = parsed.GetValue(fleet) is { } id ? ModelPublishVerb.Id(id, "--fleet") : null;
        var options = broker.Link(parsed);
        var isFollowing = parsed.GetValue(follow);
        var table = new FleetTable();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (parsed.GetValue(seconds) is { } s)
            end.CancelAfter(TimeSpan.FromSeconds(s));
        else if (!isFollowing)
            end.CancelAfter(TimeSpan.FromSeconds(CliLimits.FleetReadS));
        using var view = new FleetView(table, group, isFollowing);
        try
        {
            if (isFollowing)
                await FollowAsync(options, wanted, view, end.Token);
            else
                await ReadAsync(options, wanted, table, view, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // the time is over, or Ctrl+C: what was read is shown
        }

        if (!isFollowing && table.Count > 0)
        {
            foreach (var line in table.Lines())
                Console.WriteLine(line);
        }

        if (view.IsFull)
            Verbs.Fail($"there are more than {ReleaseLimits.MaxFleetDevices} devices: the others are not shown; choose with --fleet");
        foreach (var silent in wanted.Where(d => !table.Has(d)))
            Verbs.Fail($"{silent} has published no model/state: check that it uses this broker and that update.enabled is true");
        if (table.Count == 0 && wanted.Length == 0)
            Verbs.Fail($"no device{(group is null ? "" : $" of {group}")} on {options.Host}:{options.Port} has published a model/state");
        return table.Count > 0 && wanted.All(table.Has) ? ExitCode.Ok : ExitCode.Failed;
    }

    private static async Task ReadAsync(LinkOptions options, string[] wanted, FleetTable table, FleetView view, CancellationToken cancel)
    {
        using var listener = await FleetListener.ConnectAsync(options, wanted, topics, cancel);
        await FleetReader.ReadRetainedAsync(listener, view.Take, () => wanted.All(table.Has), cancel);
    }

    /// <summary>Until cancelled; connects again when the broker is lost.</summary>
    private static async Task FollowAsync(LinkOptions options, string[] wanted, FleetView view, CancellationToken cancel)
    {
        while (true)
        {
            using (var listener = await FleetListener.ConnectAsync(options, wanted, topics, cancel))
            {
                while (await FleetReader.NextAsync(listener, Timeout.Infinite, cancel))
                {
                    while (listener.News.TryRead(out var news))
                        view.Take(news);
                    view.Draw();
                }
            }

            Verbs.Fail($"the broker {options.Host}:{options.Port} is lost; connecting again");
            await Task.Delay(CliLimits.FleetRetryMs, cancel);
        }
    }
}

/// <summary>
/// Draws a followed table on a terminal, or writes a line for each change into a pipe; does nothing where nothing is followed.
/// </summary>
internal sealed class FleetView(FleetTable table, string? fleet, bool isFollowing) : IDisposable
{
    private readonly bool redraws = isFollowing && !Console.IsOutputRedirected;
    private readonly Stopwatch since = Stopwatch.StartNew();
    private bool drawn;

    /// <summary>Devices were left out because the table is full.</summary>
    public bool IsFull { get; private set; }

    public void Take(FleetNews news)
    {
        if (news.Topic == FleetTopic.Status)
        {
            // a status that was cleared is of no device
            var status = news.Payload.Length == 0 ? null : new FleetDevice(news.Device).With(FleetTopic.Status, news.Payload);
            if (table.SetOffline(news.Device, status is { IsOffline: true }) is { } line && isFollowing && !redraws)
                Console.WriteLine(line);
            return;
        }

        if (news.Payload.Length == 0)
        {
            table.Remove(news.Device);
            return;
        }

        if (DeviceModelState.TryRead(news.Device, news.Payload) is not { } state)
            return;
        if (fleet is not null && state.Fleet != fleet)
            table.Remove(news.Device);
        else if (!table.Set(state))
            IsFull = true;
        else if (isFollowing && !redraws)
            Console.WriteLine(table.Line(state));
    }

    public void Draw()
    {
        if (!redraws || (drawn && since.ElapsedMilliseconds < CliLimits.FleetDrawMs))
            return;
        since.Restart();
        drawn = true;
        Write();
    }

    public void Dispose()
    {
        // the last change may have come between two drawings
        if (redraws && drawn)
            Write();
    }

    private void Write()
    {
        var lines = table.Lines();
        var height = Math.Max(3, Console.WindowHeight - 1);
        var width = Math.Max(20, Console.WindowWidth - 1);
        // on a small terminal the summary takes the place of the last devices
        var shown = lines.Count <= height ? lines : [.. lines.Take(height - 1), lines[^1]];
        Console.Write("\e[H\e[2J" + string.Concat(shown.Select(l => (l.Length > width ? l[..width] : l) + "\n")));
    }
}
