namespace EdgeSeg.Testing;

/// <summary>Files of the repository that tests read.</summary>
internal static class Repository
{
    /// <summary>A file of the repository, found upwards from the test's folder.</summary>
    public static string PathOf(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "EdgeSeg.sln")))
                return Path.Combine(folder.FullName, relative);
        }

        throw new InvalidOperationException("EdgeSeg.sln was not found above the tests");
    }
}
