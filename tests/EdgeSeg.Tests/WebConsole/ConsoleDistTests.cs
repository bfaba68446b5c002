using System.Diagnostics;
using EdgeSeg.Configuration;
using Xunit;

namespace EdgeSeg.WebConsole;

public class ConsoleDistTests
{
    [Fact]
    public void The_binary_holds_exactly_the_built_page()
    {
        var dist = Text.RepositoryPath("deploy/console/dist");
        Assert.Equal(Directory.GetFiles(dist).Select(f => "/" + Path.GetFileName(f)).Order(), ConsoleFiles.Paths.Order());
        Assert.All(ConsoleFiles.Paths, p => Assert.Equal(File.ReadAllBytes(Path.Combine(dist, p[1..])), ConsoleFiles.Find(p)!.Bytes));
    }

    [Fact]
    public void The_built_page_is_what_its_sources_make()
    {
        var folder = Text.RepositoryPath("deploy/console");
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "node_modules", "esbuild")), "needs Node and `npm ci` in deploy/console");
        using var node = Start(folder);
        Assert.SkipUnless(node is not null, "needs Node");
        var said = node.StandardOutput.ReadToEnd() + node.StandardError.ReadToEnd();
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, said);
    }

    private static Process? Start(string folder)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("node", ["build.mjs", "--check"]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
