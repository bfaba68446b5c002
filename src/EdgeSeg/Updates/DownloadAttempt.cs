using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>One call of <see cref="Download"/>: fetches one file after the other through one buffer.</summary>
internal sealed class DownloadAttempt(ISource source, StallWatch watch, RateLimiter rate, ProgressTicker ticker, byte[] buffer)
{
    /// <summary>Bytes of the files that are complete.</summary>
    public long OnDisk { get; set; }

    /// <summary>Bytes on the disk when the last byte came, partial files included.</summary>
    public long Reached { get; private set; }

    /// <exception cref="UpdateException">The file could not be fetched.</exception>
    /// <exception cref="IOException">A fault of the disk; likewise <see cref="UnauthorizedAccessException"/>.</exception>
    public async Task FetchAsync(Uri address, BundleFile file, string folder, CancellationToken cancel)
    {
        using var part = new PartFile(folder, file);
        part.Open(buffer, cancel);
        var isResumed = part.Length > 0;
        Reached = OnDisk + part.Length;
        if (part.Length < file.Bytes)
        {
            using var body = await source.OpenAsync(address, file, part.Length, part.Validator, watch);
            if (body.From == 0)
            {
                isResumed = false;
                part.Begin(body.Validator);
            }

            await CopyAsync(body.Stream, part, file, cancel);
        }

        if (!part.Finish())
        {
            // bytes of an earlier attempt may be what is wrong (a power cut leaves zeros at the end): then a whole one is worth a try
            var how = isResumed ? "; it was fetched in several parts" : "";
            throw new UpdateException(
                UpdateReason.WrongHash,
                $"{file.Name} does not have the SHA-256 of the manifest{how}",
                retry: isResumed
            );
        }

        OnDisk += file.Bytes;
        Reached = OnDisk;
    }

    private async Task CopyAsync(Stream body, PartFile part, BundleFile file, CancellationToken cancel)
    {
        watch.BeginBody();
        var isPage = false;
        while (await ReadAsync(body, part, file) is > 0 and var n)
        {
            if (part.Length == 0)
                isPage = HttpAnswer.IsPage(buffer.AsSpan(0, n));
            if (n > file.Bytes - part.Length)
            {
                part.Discard();
                throw isPage
                    ? HttpAnswer.Page(file)
                    : new UpdateException(UpdateReason.TooLong, $"{file.Name} is longer than the {file.Bytes} bytes of the manifest");
            }

            part.Append(buffer.AsSpan(0, n));
            Reached = OnDisk + part.Length;
            ticker.Tick(Reached);
            await rate.PayAsync(n, cancel);
        }

        if (part.Length == file.Bytes)
            return;
        if (isPage)
        {
            part.Discard();
            throw HttpAnswer.Page(file);
        }

        throw new UpdateException(UpdateReason.TooShort, $"{file.Name} ended after {part.Length} of {file.Bytes} bytes", retry: true);
    }

    private async Task<int> ReadAsync(Stream body, PartFile part, BundleFile file)
    {
        watch.BeginWait();
        int n;
        try
        {
            n = await body.ReadAsync(buffer.AsMemory(0, rate.ReadBytes), watch.Token);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new UpdateException(
                UpdateReason.Unreachable,
                $"the connection ended after {part.Length} of {file.Bytes} bytes of {file.Name}: {HttpSource.Plain(e)}",
                retry: true
            );
        }

        return watch.EndWait(n) || n == 0
            ? n
            : throw new UpdateException(
                UpdateReason.Stalled,
                $"{file.Name} comes slower than {UpdateLimits.DownloadMinBytesPerS} bytes a second",
                retry: true
            );
    }
}
