namespace EdgeSeg.Platform;

/// <summary>Free space of the disk that holds a folder.</summary>
internal static class DiskSpace
{
    /// <summary>Free bytes on the disk of a folder, or of its nearest existing parent; null when the disk cannot be read.</summary>
    public static long? FreeBytes(string folder)
    {
        try
        {
            return new DriveInfo(NearestExisting(folder)).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The folder itself, or the nearest parent that exists.</summary>
    public static string NearestExisting(string folder)
    {
        while (!Directory.Exists(folder))
            folder = Path.GetDirectoryName(folder) ?? "/";
        return folder;
    }
}
