using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// Where manifests come in: the newest of each source (the device's own topic, its fleet's) and the one kept on disk from before. Offering ends the
/// attempt that is under way, so that an abort is heard in the middle of a download.
/// </summary>
internal sealed class ManifestInbox
{
    private const string FileName = "desired.json";

    private readonly Lock gate = new();
    private readonly byte[]?[] offers = new byte[]?[2];
    private byte[]? kept;
    private TaskCompletionSource news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? attempt;
    private bool looked;
    private long offered;

    /// <summary>Counts what was offered.</summary>
    public long News
    {
        get
        {
            lock (gate)
                return offered;
        }
    }

    /// <summary>From any thread. An empty message withdraws what that source said before; what was taken already goes on.</summary>
    public void Offer(bool isFleet, byte[] envelope)
    {
        lock (gate)
        {
            var index = isFleet ? 1 : 0;
            if (offers[index] is { } last && last.AsSpan().SequenceEqual(envelope))
                return;
            offers[index] = envelope.Length == 0 ? null : envelope;
            offered++;
            attempt?.Cancel();
            news.TrySetResult();
        }
    }

    /// <summary>Begins an attempt; the token is cancelled when something new comes.</summary>
    public CancellationToken Begin(CancellationToken cancel)
    {
        lock (gate)
        {
            news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
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

    /// <summary>What is on the topics now, and last the one that was kept before where none of them is the same.</summary>
    public IReadOnlyList<(byte[] Envelope, bool IsOffer)> Take(string folder)
    {
        lock (gate)
        {
            if (!looked)
                kept = Read(Path.Combine(folder, FileName));
            looked = true;
            var there = offers.OfType<byte[]>().Select(o => (o, true)).ToList();
            if (kept is not null && there.All(o => !o.o.AsSpan().SequenceEqual(kept)))
                there.Add((kept, false));
            return there;
        }
    }

    /// <summary>Keeps a manifest that was found genuine, durably.</summary>
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

    /// <summary>Until something new comes, or for so long.</summary>
    public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancel)
    {
        Task coming;
        lock (gate)
            coming = news.Task;

        try
        {
            await coming.WaitAsync(longest, time, cancel);
        }
        catch (TimeoutException)
        {
            // time to look again
        }
        catch (OperationCanceledException)
        {
            // the caller looks
        }
    }

    private static byte[]? Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file is { Exists: true, Length: > 0 and <= UpdateLimits.MaxEnvelopeBytes } ? File.ReadAllBytes(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
