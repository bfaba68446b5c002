using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Updates;

/// <summary>Where an envelope came from.</summary>
internal enum ManifestSource
{
    /// <summary>The device's own <c>model/desired</c>.</summary>
    Device,

    /// <summary>The fleet's <c>model/desired</c>.</summary>
    Fleet,

    /// <summary>A topic of the key chain.</summary>
    KeyChain,

    /// <summary>The copy on disk of the manifest that was accepted last.</summary>
    Kept,
}

/// <summary>An envelope as it came, not verified.</summary>
/// <param name="Bytes">The message.</param>
/// <param name="Source">Where it came from.</param>
/// <param name="KeySet">Number of the key set by its topic, not verified; 0: not from a topic of the key chain.</param>
internal sealed record OfferedManifest(byte[] Bytes, ManifestSource Source, int KeySet = 0);

/// <summary>
/// The manifests that came: the newest of each source, the chain of key sets, and the one kept on disk. A new one ends the attempt in
/// progress, so that an abort takes effect in the middle of a download.
/// </summary>
internal sealed class ManifestInbox
{
    private const string FileName = "desired.json";

    private readonly Lock gate = new();
    private readonly byte[]?[] offers = new byte[]?[2];
    private readonly SortedDictionary<(int Number, bool IsFleet), byte[]> keySets = [];
    private byte[]? kept;
    private TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? attempt;
    private bool isRead;
    private long offered,
        settled;

    /// <summary>Counts what was offered.</summary>
    public long Offered
    {
        get
        {
            lock (gate)
                return offered;
        }
    }

    /// <summary>
    /// Takes a message of <c>model/desired</c>, on any thread. An empty message withdraws the one before it of that source; an update that
    /// was accepted goes on.
    /// </summary>
    public void Offer(bool isFleet, byte[] envelope)
    {
        lock (gate)
        {
            var index = isFleet ? 1 : 0;
            if (offers[index] is { } last && last.AsSpan().SequenceEqual(envelope))
                return;
            offers[index] = envelope.Length == 0 ? null : envelope;
            Announce();
        }
    }

    /// <summary>
    /// Takes a message of the key chain, on any thread. At most <see cref="UpdateLimits.MaxKeySets"/> are held, the greatest numbers.
    /// </summary>
    /// <param name="isFleet">Of the fleet's topic.</param>
    /// <param name="number">The last level of the topic.</param>
    /// <param name="envelope">Empty: the key set is withdrawn.</param>
    public void OfferKeySet(bool isFleet, int number, byte[] envelope)
    {
        lock (gate)
        {
            var place = (number, isFleet);
            if (keySets.TryGetValue(place, out var last) && last.AsSpan().SequenceEqual(envelope))
                return;
            if (envelope.Length == 0)
            {
                if (keySets.Remove(place))
                    Announce();
                return;
            }

            keySets[place] = envelope;
            if (keySets.Count > UpdateLimits.MaxKeySets)
                keySets.Remove(keySets.Keys.First());
            Announce();
        }
    }

    /// <summary>
    /// Waits until nothing has come for a moment. After a connection the key chain and the manifests come one by one in any order: what is
    /// judged before all are there would be refused for a key set that follows.
    /// </summary>
    public async Task SettleAsync(TimeProvider time, CancellationToken cancel)
    {
        for (var look = 0; look < UpdateLimits.MaxSettleLooks && Offered is var now && now != settled; look++)
        {
            settled = now;
            await Task.Delay(TimeSpan.FromMilliseconds(UpdateLimits.SettleMs), time, cancel);
        }
    }

    /// <summary>Begins an attempt; its token is cancelled when something new comes.</summary>
    public CancellationToken Begin(CancellationToken cancel)
    {
        lock (gate)
        {
            arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return (attempt = CancellationTokenSource.CreateLinkedTokenSource(cancel)).Token;
        }
    }

    public void End()
    {
        lock (gate)
        {
            attempt?.Dispose();
            attempt = null;
        }
    }

    /// <summary>What is on the topics now, and last the kept one unless a topic has the same bytes.</summary>
    public IReadOnlyList<OfferedManifest> Take(string folder)
    {
        lock (gate)
        {
            if (!isRead)
                kept = Read(Path.Combine(folder, FileName));
            isRead = true;
            var found = new List<OfferedManifest>();
            if (offers[0] is { } device)
                found.Add(new OfferedManifest(device, ManifestSource.Device));
            if (offers[1] is { } fleet)
                found.Add(new OfferedManifest(fleet, ManifestSource.Fleet));
            found.AddRange(keySets.Select(k => new OfferedManifest(k.Value, ManifestSource.KeyChain, k.Key.Number)));
            if (kept is not null && found.All(o => !o.Bytes.AsSpan().SequenceEqual(kept)))
                found.Add(new OfferedManifest(kept, ManifestSource.Kept));
            return found;
        }
    }

    /// <summary>Keeps a verified manifest on disk.</summary>
    public void Keep(string folder, byte[] envelope)
    {
        lock (gate)
        {
            if (kept is not null && kept.AsSpan().SequenceEqual(envelope))
                return;
            Directory.CreateDirectory(folder);
            AtomicFile.WriteFile(Path.Combine(folder, FileName), envelope, "desired");
            kept = envelope;
        }
    }

    /// <summary>Returns when something new comes, when the time is over, or when it is cancelled.</summary>
    public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancel)
    {
        Task coming;
        lock (gate)
            coming = arrived.Task;

        try
        {
            await coming.WaitAsync(longest, time, cancel);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // the caller looks again, or ends
        }
    }

    private void Announce()
    {
        offered++;
        attempt?.Cancel();
        arrived.TrySetResult();
    }

    private static byte[]? Read(string path)
    {
        try
        {
            var file = FinalFile.Of(path);
            return file is { Exists: true, Length: > 0 and <= UpdateLimits.MaxEnvelopeBytes } ? File.ReadAllBytes(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
