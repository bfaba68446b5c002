using EdgeSeg.Messages;

namespace EdgeSeg.Mqtt;

/// <summary>The current content of <c>status</c>, and the last will; set by any thread.</summary>
internal sealed class LinkStatus(LinkOptions options, TimeProvider time, Outbox outbox) : IDisposable
{
    private readonly Lock gate = new();
    private readonly JsonBuffer json = new(1024);
    private ServiceState state;
    private IReadOnlyList<string> reasons = [];
    private DateTimeOffset sinceUtc = time.GetUtcNow();

    public void Set(ServiceState state, IReadOnlyList<string> reasons)
    {
        lock (gate)
            (this.state, this.reasons, sinceUtc) = (state, reasons, time.GetUtcNow());
        Offer();
    }

    /// <summary>Offers the status to the outbox, with the current drops.</summary>
    public void Offer()
    {
        lock (gate)
            outbox.OfferState(
                options.Topics.Status,
                StatusMessage.Write(json, options.Topics.Device, options.Session, state, reasons, sinceUtc, outbox.Drops)
            );
    }

    /// <summary>The last will: what the broker publishes when the connection is lost.</summary>
    public byte[] Will()
    {
        using var buffer = new JsonBuffer(512);
        return StatusMessage.Write(buffer, options.Topics.Device, options.Session, ServiceState.Offline, ["lost"], null, default).ToArray();
    }

    public void Dispose() => json.Dispose();
}
