using EdgeSeg.Messages;
using EdgeSeg.Pipeline;
using EdgeSeg.Telemetry;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Service;

/// <summary>
/// The running service as the updates see it: a model is loaded beside the one in use and replaces it between two frames.
/// </summary>
/// <param name="pipeline">Runs the model.</param>
/// <param name="choice">How models are loaded here.</param>
/// <param name="load">Loads one.</param>
/// <param name="replacing">Called before the swap: what is still being built for the model in use is of no use any more.</param>
/// <param name="time">Clock.</param>
internal sealed class ServiceModelHost(
    FramePipeline pipeline,
    ModelChoice choice,
    Func<ModelChoice, IInferenceModel> load,
    Action replacing,
    TimeProvider time
) : IModelHost
{
    public LiveStats Live => pipeline.Quality.Stats;

    public bool IsBusy => pipeline.IsBusy;

    public async Task SwapAsync(string? folder, CancellationToken cancel)
    {
        IInferenceModel next;
        try
        {
            next = load(choice with { Folder = folder });
        }
        catch (OperatingException e)
        {
            throw new UpdateException(UpdateReason.DoesNotLoad, e.Message);
        }

        replacing();
        pipeline.Model.Offer(next);
        pipeline.Wake();
        // an inference thread that hangs is the watchdog's concern; the link on the disk names the model of the next start already
        var since = time.GetTimestamp();
        while (!ReferenceEquals(pipeline.Model.Model, next) && time.GetElapsedTime(since).TotalMilliseconds < UpdateLimits.SwapWaitMs)
            await Task.Delay(TimeSpan.FromMilliseconds(ServiceLimits.SwapLookMs), time, cancel);
        pipeline.Quality.Reset();
    }
}
