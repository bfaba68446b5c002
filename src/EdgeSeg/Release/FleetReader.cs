using System.Diagnostics;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Release;

/// <summary>
/// Reads the retained <c>info</c> and <c>status</c> of a fleet once. A broker does not report when all retained messages were sent: the
/// reader ends after a silence.
/// </summary>
internal static class FleetReader
{
    /// <param name="options">The broker.</param>
    /// <param name="fleet">Fleet id; null: all devices.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The devices that have published an info, in the order of their ids.</returns>
    /// <exception cref="OperatingException">The broker cannot be read, or has more devices than a table holds.</exception>
    public static async Task<IReadOnlyList<FleetDevice>> ReadAsync(LinkOptions options, string? fleet, CancellationToken cancel)
    {
        var devices = new SortedDictionary<string, FleetDevice>(StringComparer.Ordinal);
        var known = new HashSet<string>(StringComparer.Ordinal);
        using var listener = await FleetListener.ConnectAsync(options, [], [FleetTopic.Info, FleetTopic.Status], cancel);
        await ReadRetainedAsync(listener, Take, () => true, cancel);
        return [.. devices.Values.Where(d => known.Contains(d.Device) && (fleet is null || d.Fleet == fleet))];

        void Take(FleetNews news)
        {
            if (news.Payload.Length == 0)
                return;
            if (devices.Count >= ReleaseLimits.MaxFleetDevices && !devices.ContainsKey(news.Device))
                throw new OperatingException($"the broker has more than {ReleaseLimits.MaxFleetDevices} devices: read one with fewer");
            devices[news.Device] = devices.GetValueOrDefault(news.Device, new FleetDevice(news.Device)).With(news.Topic, news.Payload);
            if (news.Topic == FleetTopic.Info)
                known.Add(news.Device);
        }
    }

    /// <summary>
    /// Reads until no retained message has come for <see cref="ReleaseLimits.QuietMs"/>. What devices publish meanwhile is taken and does
    /// not prolong it.
    /// </summary>
    /// <param name="listener">Receives the messages.</param>
    /// <param name="take">Takes each.</param>
    /// <param name="isComplete">False: a device that was asked for is missing, so wait as long as for the first message.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task ReadRetainedAsync(
        FleetListener listener,
        Action<FleetNews> take,
        Func<bool> isComplete,
        CancellationToken cancel
    )
    {
        var (since, any) = (Stopwatch.GetTimestamp(), false);
        while (true)
        {
            var limitMs = any && isComplete() ? ReleaseLimits.QuietMs : ReleaseLimits.FirstMessageMs;
            var leftMs = limitMs - (int)Stopwatch.GetElapsedTime(since).TotalMilliseconds;
            if (leftMs <= 0 || !await NextAsync(listener, leftMs, cancel))
                return;
            while (listener.News.TryRead(out var news))
            {
                take(news);
                if (news.IsRetained)
                    (since, any) = (Stopwatch.GetTimestamp(), true);
            }
        }
    }

    /// <summary>Waits for a message. False: the connection ended, or nothing came for so long.</summary>
    public static async Task<bool> NextAsync(FleetListener listener, int quietMs, CancellationToken cancel)
    {
        using var quiet = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        quiet.CancelAfter(quietMs);
        try
        {
            return await listener.News.WaitToReadAsync(quiet.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }
}
