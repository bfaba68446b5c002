using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Evaluation;

/// <summary>A folder with a photograph a frame.</summary>
internal static class FrameFolder
{
    /// <summary>Longer than the first bytes of each known format.</summary>
    private const int HeadBytes = 64;

    /// <summary>
    /// Its photographs in natural order of their names. Hidden files (<c>.DS_Store</c>) and files that are none by name and first bytes
    /// (<c>Thumbs.db</c>, notes) are left out; a damaged photograph stays, so that its reader reports it.
    /// </summary>
    /// <param name="folder">Folders in it are not looked into.</param>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static string[] Photographs(string folder)
    {
        string[] files = [.. Directory.GetFiles(folder).Where(IsPhotograph)];
        Array.Sort(files, NaturalOrder.Instance);
        return files;
    }

    private static bool IsPhotograph(string file)
    {
        if (Path.GetFileName(file).StartsWith('.'))
            return false;
        if (PictureHeader.HasExtension(file))
            return true;
        try
        {
            Span<byte> head = stackalloc byte[HeadBytes];
            // a pipe has length 0, and opening it could block for ever
            if (FinalFile.Of(file) is not { Exists: true, Length: > 0 })
                return false;
            using var stream = File.OpenRead(file);
            return PictureHeader.IsPicture(head[..stream.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
