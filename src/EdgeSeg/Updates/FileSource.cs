using System.Runtime.InteropServices;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Updates;

/// <summary>
/// Bundles on a USB stick: file:// addresses below one folder, after symbolic links are resolved. Always read from the beginning.
/// </summary>
/// <param name="root">That folder; empty: nothing may be read.</param>
internal sealed unsafe class FileSource(string root) : ISource
{
    // PATH_MAX
    private const int LongestPath = 4096;

    public Task<SourceBody> OpenAsync(Uri address, BundleFile file, long from, string validator, StallWatch watch)
    {
        try
        {
            var path = Resolved(address);
            // pipes and devices have no size, so none of them is ever opened
            var length = FinalFile.Of(path).Length;
            if (length != file.Bytes)
            {
                var text = $"{file.Name} has {length} bytes, the manifest says {file.Bytes}";
                throw length < file.Bytes
                    ? new UpdateException(UpdateReason.TooShort, text, retry: true)
                    : new UpdateException(UpdateReason.TooLong, text);
            }

            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return Task.FromResult(new SourceBody(stream, 0, "", stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreachable(e.Message.ReplaceLineEndings(" "));
        }
    }

    public void Dispose() { }

    private string Resolved(Uri address)
    {
        var path = address.LocalPath;
        if (root.Length == 0)
            throw Refused($"no folder is set that {address.Scheme}:// may be read from");
        if (!address.IsFile || address.Host.Length > 0 || path.Contains('\0'))
            throw Refused($"{address} is not a file of this device");
        var top = RealPath(root);
        var real = RealPath(path);
        if (top is null || real is null)
        {
            // a missing file may be on a stick that is not plugged in; a file elsewhere is never read
            throw IsBelow(Path.GetFullPath(path), Path.GetFullPath(root))
                ? Unreachable($"{path} does not exist")
                : Refused($"{path} is not below {root}");
        }

        return IsBelow(real, top) ? real : throw Refused($"{path} leads out of {root}");
    }

    private static bool IsBelow(string path, string folder) => path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static UpdateException Refused(string why) => new(UpdateReason.SourceRefused, $"the source is refused: {why}");

    private static UpdateException Unreachable(string why) =>
        new(UpdateReason.Unreachable, $"the source cannot be read: {why}", retry: true);

    private static string? RealPath(string path)
    {
        var room = stackalloc byte[LongestPath];
        return LibC.RealPath(path, room) is null ? null : Marshal.PtrToStringUTF8((nint)room);
    }
}
