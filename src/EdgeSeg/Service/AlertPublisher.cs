using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;

namespace EdgeSeg.Service;

/// <summary>
/// The alerts that last, as retained messages: published when they begin or change their code or cause, cleared by an empty message when
/// they end. The first call also clears what an earlier session of the device may have left on the broker. One control thread.
/// </summary>
/// <param name="topics">Of this device.</param>
/// <param name="session">Names this run of the service.</param>
/// <param name="known">The id of every alert that this service can raise.</param>
/// <param name="link">Takes the messages.</param>
/// <param name="journal">Receives a line when an alert begins, changes or ends.</param>
/// <param name="time">The clock.</param>
internal sealed class AlertPublisher(
    Topics topics,
    string session,
    IEnumerable<string> known,
    IServiceLink link,
    Journal journal,
    TimeProvider time
) : IDisposable
{
    private readonly JsonBuffer json = new(1024);
    private readonly Dictionary<string, Alert> lasting = new(StringComparer.Ordinal);
    private readonly HashSet<string> leftOver = new(known, StringComparer.Ordinal);

    /// <summary>Publishes what lasts now; an alert that lasted before and is not in the list has ended.</summary>
    public void Publish(IReadOnlyCollection<Alert> now)
    {
        foreach (var id in lasting.Keys.Where(id => now.All(a => a.Id != id)).ToArray())
        {
            lasting.Remove(id);
            link.TrySetState(topics.Alert(id), []);
            journal.Info($"alert {id} has ended");
        }

        foreach (var alert in now)
        {
            // a text may hold a changing number; code and cause distinguish faults
            if (lasting.TryGetValue(alert.Id, out var before) && before.Code == alert.Code && before.Cause == alert.Cause)
                continue;
            lasting[alert.Id] = alert;
            link.TrySetState(topics.Alert(alert.Id), AlertMessage.Write(json, topics.Device, session, alert, time.GetUtcNow()));
            journal.Write(alert.Degrades ? LogLevel.Warning : LogLevel.Info, $"alert {alert.Id}: {alert.Text}; {alert.Remedy}");
        }

        foreach (var id in leftOver.Except(lasting.Keys))
            link.TrySetState(topics.Alert(id), []);
        leftOver.Clear();
    }

    public void Dispose() => json.Dispose();
}
