using System.Buffers;
using EdgeSeg.Messages;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// Fetches the files of a bundle. One call makes one attempt at each file that is not there yet; what it leaves behind when it fails, the next call
/// goes on from. Waiting between calls is the caller's. Every failure is an <see cref="UpdateException"/>; a cancelled call ends with <see cref="OperationCanceledException"/>.
/// </summary>
internal sealed class Download : IDisposable
{
    private readonly DownloadOptions options;
    private readonly TimeProvider time;
    private readonly HttpSource web;
    private readonly FileSource disk;

    /// <param name="options">Where from, how fast.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="handler">Carries the requests, without following redirects; null: <see cref="HttpSource.NewHandler"/>.</param>
    public Download(DownloadOptions options, TimeProvider time, HttpMessageHandler? handler = null)
    {
        (this.options, this.time) = (options, time);
        web = new HttpSource(options.Schemes, time, handler);
        disk = new FileSource(options.FileRoot);
    }

    /// <summary>When it returns, each file is in the folder with the right size and SHA-256, flushed, and nothing is left of how it came there.</summary>
    /// <param name="bundle">What is wanted; its signature has been checked.</param>
    /// <param name="folder">Made when missing; the whole and partial files in it are used.</param>
    /// <param name="progress">Takes the bytes had so far of all files, at most every <see cref="UpdateLimits.UpdateProgressMs"/> and at the end.</param>
    /// <param name="cancel">Ends the call; what has been had stays.</param>
    public async Task FetchAsync(BundleInfo bundle, string folder, Action<long> progress, CancellationToken cancel)
    {
        var address = new Uri(bundle.Url);
        if (!options.Schemes.Contains(address.Scheme))
            throw new UpdateException(UpdateReason.SourceRefused, $"the source is refused: {address.Scheme}:// is not allowed");
        if (
            bundle.Files.FirstOrDefault(f =>
                !ManifestRules.IsPlainName(f.Name) || f.Name.Contains(PartFile.Suffix, StringComparison.Ordinal)
            ) is
            { } odd
        )
            throw new UpdateException(UpdateReason.BadManifest, $"no file can be named {odd.Name}");

        // hashing what is there may take seconds: not on the caller's thread
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var buffer = ArrayPool<byte>.Shared.Rent(UpdateLimits.DownloadBufferBytes);
        using var watch = new StallWatch(time, cancel);
        try
        {
            Directory.CreateDirectory(folder);
            var missing = Missing(bundle, folder, buffer, cancel);
            CheckSpace(missing, folder);
            var attempt = new DownloadAttempt(
                address.IsFile ? disk : web,
                watch,
                new RateLimiter(options.MaxBytesPerS, time),
                new ProgressTicker(progress, time),
                buffer
            )
            {
                Had = bundle.Bytes - missing.Sum(f => f.Bytes),
            };
            foreach (var file in missing)
                await attempt.FetchAsync(new Uri(address, file.Name), file, folder, cancel);
            progress(bundle.Bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // those of the source have become something else already
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
                    $"{address.Authority} cannot be reached: it takes no connection",
                    retry: true
                );
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => web.Dispose();

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

        // a disk that does not tell is found full while writing
        if (DiskSpace.FreeBytes(folder) is { } free && free < needed)
            throw new UpdateException(
                UpdateReason.DiskFull,
                $"{folder} has {free >> 20} MiB free, the update needs {(needed >> 20) + 1}",
                retry: true
            );
    }
}
