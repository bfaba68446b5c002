using EdgeSeg.Configuration;
using EdgeSeg.Messages;

namespace EdgeSeg.Service;

/// <summary>
/// The alerts that last: told as retained messages when they begin or change their code, cleared by an empty one when they end. The first
/// call also clears what an earlier session of the device may have left on the broker. One control thread.
/// </summary>
internal sealed class AlertPublisher(
    Topics topics,
    string session,
    IEnumerable<string> known,
    Action<string, ReadOnlySpan<byte>> setState,
    Journal journal,
    TimeProvider time
) : IDisposable
{
    private readonly JsonBuffer json = new(1024);
    private readonly Dictionary<string, Alert> lasting = new(StringComparer.Ordinal);
    private readonly HashSet<string> leftOver = new(known, StringComparer.Ordinal);

    /// <summary>Says what lasts now; all that lasted before and is not among it has ended.</summary>
    public void Tell(IReadOnlyCollection<Alert> now)
    {
        foreach (var id in lasting.Keys.Where(id => now.All(a => a.Id != id)).ToArray())
        {
            lasting.Remove(id);
            setState(topics.Alert(id), []);
            journal.Info($"alert {id} is over");
        }

        foreach (var alert in now)
        {
            // texts may hold a figure that moves; the code tells whether it is another thing
            if (lasting.TryGetValue(alert.Id, out var before) && before.Code == alert.Code)
                continue;
            lasting[alert.Id] = alert;
            setState(topics.Alert(alert.Id), AlertMessage.Write(json, topics.Device, session, alert, time.GetUtcNow()));
            journal.Write(alert.Degrades ? LogLevel.Warning : LogLevel.Info, $"alert {alert.Id}: {alert.Text}: {alert.Remedy}");
        }

        foreach (var id in leftOver.Except(lasting.Keys))
            setState(topics.Alert(id), []);
        leftOver.Clear();
    }

    public void Dispose() => json.Dispose();
}
