using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;
using Microsoft.Win32.SafeHandles;

namespace EdgeSeg.Updates;

/// <summary>
/// A file that is being fetched: <c>NAME.part</c> until it is complete, verified and flushed, then <c>NAME</c>. <c>NAME.part.tag</c> holds
/// the validator (ETag or Last-Modified) of the content that the part belongs to, where the server gives one. Faults of the disk are thrown
/// as <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
/// </summary>
internal sealed class PartFile : IDisposable
{
    public const string Suffix = ".part";
    private const string TagSuffix = Suffix + ".tag";

    private readonly BundleFile file;
    private readonly string final,
        path,
        tag;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private SafeFileHandle? handle;

    public PartFile(string folder, BundleFile file)
    {
        this.file = file;
        final = Path.Combine(folder, file.Name);
        (path, tag) = (final + Suffix, final + TagSuffix);
    }

    /// <summary>Bytes on the disk that are in the hash.</summary>
    public long Length { get; private set; }

    /// <summary>Validator of the content that these bytes belong to; empty: unknown.</summary>
    public string Validator { get; private set; } = "";

    /// <summary>Bytes on the disk, usable or not: a fresh start frees their space.</summary>
    public long OnDisk => File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <summary>
    /// Whether the file is complete and verified. A wrong one is removed, and so are the partial files beside a right one.
    /// </summary>
    public bool IsComplete(byte[] buffer, CancellationToken cancel)
    {
        if (!File.Exists(final))
            return false;
        bool right;
        using (var whole = File.OpenHandle(final))
        {
            var length = RandomAccess.GetLength(whole);
            right = length == file.Bytes && TryHash(whole, length, buffer, cancel) && HashIsRight();
        }

        if (right)
            RemoveRemains();
        else
            AtomicFile.Delete(final);
        return right;
    }

    /// <summary>Opens what an earlier attempt left, if it can be resumed or is as long as the whole.</summary>
    public void Open(byte[] buffer, CancellationToken cancel)
    {
        if (OnDisk is not (> 0 and var length) || length > file.Bytes)
            return;
        Validator = ReadTag();
        // without a tag the server gave none, and the hash decides; a damaged tag means that the file may be damaged too
        if (Validator.Length == 0 && File.Exists(tag) && length < file.Bytes)
            return;
        handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        if (TryHash(handle, length, buffer, cancel))
            Length = length;
        else
            Discard();
    }

    /// <summary>Starts with no bytes. A power cut at any point leaves no validator beside bytes of another content.</summary>
    public void Begin(string validator)
    {
        handle?.Dispose();
        hash.GetHashAndReset();
        (Length, Validator) = (0, validator);
        if (File.Exists(tag))
            AtomicFile.Delete(tag);
        FailPoint.Hit("download:create");
        handle = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        RandomAccess.FlushToDisk(handle);
        FailPoint.Hit("download:made");
        if (validator.Length > 0)
            AtomicFile.WriteFile(tag, Encoding.Latin1.GetBytes(validator), "download:tag");
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var before = Length;
        RandomAccess.Write(handle!, bytes, before);
        hash.AppendData(bytes);
        Length += bytes.Length;
        if (before < (file.Bytes + 1) / 2 && Length >= (file.Bytes + 1) / 2)
            FailPoint.Hit("download:half");
    }

    /// <summary>All bytes came: renames the file when its hash is right. False: it is wrong and was removed.</summary>
    public bool Finish()
    {
        if (!HashIsRight())
        {
            Discard();
            return false;
        }

        FailPoint.Hit("download:unsynced");
        RandomAccess.FlushToDisk(handle!);
        handle!.Dispose();
        FailPoint.Hit("download:unnamed");
        AtomicFile.Rename(path, final);
        FailPoint.Hit("download:named");
        RemoveRemains();
        FailPoint.Hit("download:done");
        return true;
    }

    /// <summary>Removes the bytes.</summary>
    public void Discard()
    {
        handle?.Dispose();
        RemoveRemains();
    }

    public void Dispose()
    {
        handle?.Dispose();
        hash.Dispose();
    }

    private void RemoveRemains()
    {
        // the tag first: it must not stay beside a part of another content
        foreach (var remains in new[] { tag + AtomicFile.DraftSuffix, tag, path })
        {
            if (File.Exists(remains))
                AtomicFile.Delete(remains);
        }
    }

    private string ReadTag()
    {
        if (!File.Exists(tag) || new FileInfo(tag).Length > UpdateLimits.MaxValidatorLength)
            return "";
        // a tag that a bad disk altered must not become a header
        var text = Encoding.Latin1.GetString(File.ReadAllBytes(tag));
        return RangeConditionHeaderValue.TryParse(text, out _) ? text : "";
    }

    private bool HashIsRight() => CryptographicOperations.FixedTimeEquals(hash.GetHashAndReset(), Convert.FromHexString(file.Sha256));

    /// <summary>
    /// Hashes what is on the disk. False: it cannot be read, for example because of a bad sector; as an error it would end every later
    /// attempt too.
    /// </summary>
    private bool TryHash(SafeFileHandle from, long length, byte[] buffer, CancellationToken cancel)
    {
        try
        {
            var at = 0L;
            while (at < length)
            {
                cancel.ThrowIfCancellationRequested();
                FailPoint.Hit("download:reread");
                var n = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at)), at);
                if (n == 0)
                    return false;
                hash.AppendData(buffer, 0, n);
                at += n;
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
