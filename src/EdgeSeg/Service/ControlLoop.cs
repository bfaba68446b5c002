using EdgeSeg.Capture;
using EdgeSeg.Pipeline;
using EdgeSeg.Platform;

namespace EdgeSeg.Service;

/// <summary>
/// Looks after the running service once a second: camera states, alerts and status, telemetry, the retained info, the service manager. Ends
/// when every source has ended, or when only a new process can help. One thread; it waits for nothing but its timer.
/// </summary>
internal sealed class ControlLoop
{
    private readonly FramePipeline pipeline;
    private readonly ServiceInfo info;
    private readonly InfoPublisher announcements;
    private readonly CameraStatePublisher states;
    private readonly AlertAndStatusPublisher alertsAndStatus;
    private readonly TelemetryPublisher telemetry;
    private readonly ManagerReport manager;
    private readonly ReplayStart replays;
    private readonly Action beat;
    private readonly Journal journal;
    private readonly TimeProvider time;
    private volatile string? fatal;

    /// <param name="pipeline">Cameras and model.</param>
    /// <param name="info">Gets whether the clock can be trusted.</param>
    /// <param name="announcements">Publishes info and discovery.</param>
    /// <param name="states">Publishes camera states.</param>
    /// <param name="alertsAndStatus">Publishes alerts and status.</param>
    /// <param name="telemetry">Publishes figures.</param>
    /// <param name="manager">Reports to the service manager.</param>
    /// <param name="replays">Starts the cameras that replay files.</param>
    /// <param name="beat">Called in each round: the loop is alive.</param>
    /// <param name="journal">Takes lines for people.</param>
    /// <param name="time">The timer.</param>
    public ControlLoop(
        FramePipeline pipeline,
        ServiceInfo info,
        InfoPublisher announcements,
        CameraStatePublisher states,
        AlertAndStatusPublisher alertsAndStatus,
        TelemetryPublisher telemetry,
        ManagerReport manager,
        ReplayStart replays,
        Action beat,
        Journal journal,
        TimeProvider time
    )
    {
        (this.pipeline, this.info, this.announcements, this.states) = (pipeline, info, announcements, states);
        (this.alertsAndStatus, this.telemetry, this.manager, this.beat, this.journal, this.time) = (
            alertsAndStatus,
            telemetry,
            manager,
            beat,
            journal,
            time
        );
        this.replays = replays;
        foreach (var camera in pipeline.Cameras)
        {
            camera.Runner.Fatal += reason => fatal = $"{reason}: camera {camera.Settings.Id}";
            camera.Runner.Warned += remark => journal.Warning($"camera {camera.Settings.Id}: {remark}");
        }
    }

    /// <summary>Why newer settings were refused; published as an alert. Null: they were not. Any thread.</summary>
    public string? SettingsRefused
    {
        get => alertsAndStatus.SettingsRefused;
        set => alertsAndStatus.SettingsRefused = value;
    }

    /// <summary>Sets the retained topics before the link connects.</summary>
    public void Begin()
    {
        info.ClockSynced = SystemClock.IsSynchronised();
        announcements.Begin();
        telemetry.Begin();
    }

    /// <summary>Starts the cameras that replay files if somebody waits for them already.</summary>
    public void StartReplaysWhenDue() => replays.StartWhenDue();

    public async Task<int> RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(ServiceLimits.ControlTickMs), time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                if (Tick() is { } exitCode)
                    return exitCode;
            }
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }

        return ExitCode.Ok;
    }

    /// <summary>One round. An exit code when the service is to end, else null.</summary>
    internal int? Tick()
    {
        beat();
        replays.StartWhenDue();
        info.ClockSynced = SystemClock.IsSynchronised();
        states.Publish();
        telemetry.PublishWhenDue();
        announcements.PublishChanges();
        alertsAndStatus.Publish();
        manager.Report();
        if (fatal is { } reason)
        {
            journal.Error($"{reason}; only a new process can help, so this one ends and the service manager starts another");
            return ExitCode.Failed;
        }

        return pipeline.Cameras.Count > 0 && pipeline.Cameras.All(HasEnded) ? ExitCode.Ok : null;
    }

    private static bool HasEnded(CameraPipeline camera) => camera.Runner.Status.State == CameraState.Ended && camera.SlotsTaken == 0;
}
