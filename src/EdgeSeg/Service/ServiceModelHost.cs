using EdgeSeg.Messages;
using EdgeSeg.Pipeline;
using EdgeSeg.Telemetry;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Service;

/// <summary>
/// The running service as the updates see it: a model is loaded beside the one at work and takes its place between two frames.
/// </summary>
/// <param name="active">Takes the models over.</param>
/// <param name="quality">Counts its results.</param>
/// <param name="choice">How models are loaded here.</param>
/// <param name="isBusy">A command or an edge waits.</param>
/// <param name="dropped">The model that was at work is being replaced: whatever is still made for it is in vain.</param>
/// <param name="wake">Wakes the inference thread.</param>
/// <param name="time">Clock.</param>
internal sealed class ServiceModelHost(
    ActiveModel active,
    LiveQuality quality,
    ModelChoice choice,
    Func<bool> isBusy,
    Action dropped,
    Action wake,
    TimeProvider time
) : IModelHost
{
    public LiveStats Live => quality.Figures;

    public bool IsBusy => isBusy();

    public async Task SwapAsync(string? folder, CancellationToken cancel)
    {
        LoadedModel next;
        try
        {
            next = LoadedModel.Load(choice with { Folder = folder });
        }
        catch (OperatingException e)
        {
            throw new UpdateException(UpdateReason.DoesNotLoad, e.Message);
        }

        dropped();
        active.Offer(next);
        wake();
        // an inference thread that hangs is the watchdog's; the link on the disk says already what serves next
        for (
            var since = time.GetTimestamp();
            !ReferenceEquals(active.Model, next) && time.GetElapsedTime(since).TotalMilliseconds < UpdateLimits.SwapWaitMs;

        )
            await Task.Delay(TimeSpan.FromMilliseconds(ServiceLimits.SwapLookMs), time, cancel);
        quality.Reset();
    }
}
