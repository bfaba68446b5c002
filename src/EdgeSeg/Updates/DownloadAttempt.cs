using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>One call of <see cref="Download"/>: fetches one file after the other through one buffer.</summary>
internal sealed class DownloadAttempt(ISource source, StallWatch watch, RateLimiter pace, ProgressTicker ticker, byte[] buffer)
{
    /// <summary>Bytes of the files that are there.</summary>
    public long Had { get; set; }

    /// <exception cref="UpdateException">It could not be had.</exception>
    /// <exception cref="IOException">Of the disk; likewise <see cref="UnauthorizedAccessException"/>.</exception>
    public async Task FetchAsync(Uri address, BundleFile file, string folder, CancellationToken cancel)
    {
        using var part = new PartFile(folder, file);
        part.Open(buffer, cancel);
        var resumed = part.Length > 0;
        if (part.Length < file.Bytes)
        {
            using var body = await source.OpenAsync(address, file, part.Length, part.Validator, watch);
            if (body.From == 0)
            {
                resumed = false;
                part.Begin(body.Validator);
            }

            await CopyAsync(body.Stream, part, file, cancel);
        }

        if (!part.Finish())
        {
            // bytes of an earlier attempt may be what is wrong (a power cut leaves zeros at the end): then a fresh one is worth its while
            throw new UpdateException(
                UpdateReason.WrongHash,
                $"{file.Name} does not have the SHA-256 of the manifest{(resumed ? "; it was not fetched in one go" : "")}",
                retry: resumed
            );
        }

        Had += file.Bytes;
    }

    private async Task CopyAsync(Stream body, PartFile part, BundleFile file, CancellationToken cancel)
    {
        watch.BeginBody();
        while (await ReadAsync(body, part, file) is > 0 and var n)
        {
            if (n > file.Bytes - part.Length)
            {
                part.Discard();
                throw new UpdateException(UpdateReason.TooLong, $"{file.Name} is longer than the {file.Bytes} bytes of the manifest");
            }

            part.Append(buffer.AsSpan(0, n));
            ticker.Tick(Had + part.Length);
            await pace.PayAsync(n, cancel);
        }

        if (part.Length < file.Bytes)
            throw new UpdateException(UpdateReason.TooShort, $"{file.Name} ended after {part.Length} of {file.Bytes} bytes", retry: true);
    }

    private async Task<int> ReadAsync(Stream body, PartFile part, BundleFile file)
    {
        watch.BeginWait();
        int n;
        try
        {
            n = await body.ReadAsync(buffer.AsMemory(0, pace.ReadBytes), watch.Token);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new UpdateException(
                UpdateReason.Unreachable,
                $"{file.Name} broke off after {part.Length} of {file.Bytes} bytes: {e.Message.ReplaceLineEndings(" ")}",
                retry: true
            );
        }

        if (!watch.EndWait(n) && n > 0)
        {
            throw new UpdateException(
                UpdateReason.Stalled,
                $"{file.Name} comes slower than {UpdateLimits.DownloadMinBytesPerS} bytes a second",
                retry: true
            );
        }

        return n;
    }
}
