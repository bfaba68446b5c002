using System.Buffers;
using EdgeSeg.Messages;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// Fetches the files of a bundle. One call makes one attempt at each missing file; after a failure the next call resumes. The caller waits
/// between calls. Every failure is an <see cref="UpdateException"/>; a cancelled call ends with <see cref="OperationCanceledException"/>.
/// </summary>
internal sealed class Download : IBundleSource, IDisposable
{
    private readonly DownloadOptions options;
    private readonly TimeProvider time;
    private readonly HttpSource web;
    private readonly FileSource disk;

    /// <param name="options">Where from, how fast.</param>
    /// <param name="time">Clock.</param>
    /// <param name="handler">Sends the requests, without following redirects; null: <see cref="HttpSource.NewHandler"/>.</param>
    public Download(DownloadOptions options, TimeProvider time, HttpMessageHandler? handler = null)
    {
        (this.options, this.time) = (options, time);
        web = new HttpSource(options, time, handler);
        disk = new FileSource(options.FileRoot);
    }

    /// <summary>
    /// When it returns, each file is in the folder with the right size and SHA-256, flushed, and no partial file is left.
    /// </summary>
    /// <param name="bundle">What to fetch; its signature was checked.</param>
    /// <param name="folder">Created when missing. Whole and partial files in it are used.</param>
    /// <param name="progress">
    /// Receives the bytes on the disk, of all files together: at most every <see cref="UpdateLimits.UpdateProgressMs"/>, and when the call
    /// ends, also in failure.
    /// </param>
    /// <param name="cancel">Ends the call; what was fetched stays.</param>
    public async Task FetchAsync(BundleInfo bundle, string folder, Action<long> progress, CancellationToken cancel)
    {
        var address = new Uri(bundle.Url);
        if (!options.Schemes.Contains(address.Scheme))
        {
            throw new UpdateException(
                UpdateReason.SourceRefused,
                $"the source is refused: update.sources does not allow {address.Scheme}://"
            );
        }

        if (
            bundle.Files.FirstOrDefault(f =>
                !ManifestRules.IsPlainName(f.Name) || f.Name.Contains(PartFile.Suffix, StringComparison.Ordinal)
            ) is
            { } odd
        )
            throw new UpdateException(UpdateReason.BadManifest, $"no file can be named {odd.Name}");

        // hashing the files on the disk may take seconds: not on the caller's thread
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var buffer = ArrayPool<byte>.Shared.Rent(UpdateLimits.DownloadBufferBytes);
        using var watch = new StallWatch(time, cancel);
        try
        {
            await FetchMissingAsync(bundle, address, folder, progress, buffer, watch, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // those of the source were turned into others before
            throw DiskFault.Of(e, folder);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw watch.IsStalled
                ? new UpdateException(
                    UpdateReason.Stalled,
                    $"the source of {bundle.Name} {bundle.Version} sent nothing for {UpdateLimits.DownloadStallMs / 1000} s",
                    retry: true
                )
                : new UpdateException(
                    UpdateReason.Unreachable,
                    $"{address.Authority} cannot be reached: no connection within the time limit",
                    retry: true
                );
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => web.Dispose();

    private async Task FetchMissingAsync(
        BundleInfo bundle,
        Uri address,
        string folder,
        Action<long> progress,
        byte[] buffer,
        StallWatch watch,
        CancellationToken cancel
    )
    {
        Directory.CreateDirectory(folder);
        var missing = Missing(bundle, folder, buffer, cancel);
        CheckSpace(missing, folder);
        var (rate, ticker) = (new RateLimiter(options.MaxBytesPerS, time), new ProgressTicker(progress, time));
        var attempt = new DownloadAttempt(address.IsFile ? disk : web, watch, rate, ticker, buffer)
        {
            OnDisk = bundle.Bytes - missing.Sum(f => f.Bytes),
        };
        try
        {
            foreach (var file in missing)
                await attempt.FetchAsync(AddressOf(address, file), file, folder, cancel);
        }
        finally
        {
            ticker.Finish(missing.Count == 0 ? bundle.Bytes : attempt.Reached);
        }
    }

    /// <summary>A file below the bundle's address; a query, such as the signature of an address, is sent with each file.</summary>
    private static Uri AddressOf(Uri folder, BundleFile file) =>
        new(new Uri(folder, file.Name).GetLeftPart(UriPartial.Path) + folder.Query);

    private static List<BundleFile> Missing(BundleInfo bundle, string folder, byte[] buffer, CancellationToken cancel)
    {
        var missing = new List<BundleFile>();
        foreach (var file in bundle.Files)
        {
            using var part = new PartFile(folder, file);
            if (!part.IsComplete(buffer, cancel))
                missing.Add(file);
        }

        return missing;
    }

    private static void CheckSpace(List<BundleFile> missing, string folder)
    {
        if (missing.Count == 0)
            return;
        long needed = UpdateLimits.UpdateReserveBytes;
        foreach (var file in missing)
        {
            using var part = new PartFile(folder, file);
            needed += file.Bytes - part.OnDisk;
        }

        // a disk whose free space is unknown is found full while writing
        if (DiskSpace.FreeBytes(folder) is { } free && free < needed)
        {
            throw new UpdateException(
                UpdateReason.DiskFull,
                $"{folder} has {free >> 20} MiB free, the update needs {(needed >> 20) + 1} MiB",
                retry: true
            );
        }
    }
}
