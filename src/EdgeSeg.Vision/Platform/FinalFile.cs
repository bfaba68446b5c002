namespace EdgeSeg.Vision.Platform;

/// <summary>
/// Files behind symbolic links. <see cref="FileInfo"/> describes the link itself: its length is that of the target's path.
/// </summary>
internal static class FinalFile
{
    /// <summary>The file that a path leads to, whether or not it exists.</summary>
    /// <exception cref="IOException">The links form a circle.</exception>
    public static FileInfo Of(string path)
    {
        var info = new FileInfo(path);
        return info.LinkTarget is null ? info : info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
    }

    /// <summary>The absolute path with the links of all its folders followed; parts that do not exist stay as they are.</summary>
    public static string RealPath(string path)
    {
        var real = "/";
        foreach (var part in Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            try
            {
                var target = new FileInfo(real).LinkTarget is null ? null : File.ResolveLinkTarget(real, returnFinalTarget: true);
                real = target?.FullName ?? real;
            }
            catch (IOException)
            {
                // a circle of links leads to no file: the path stays as it is
            }
        }
        return real;
    }
}
