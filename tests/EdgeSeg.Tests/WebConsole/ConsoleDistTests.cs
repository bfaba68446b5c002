using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.WebConsole;

/// <summary>That the built files are what their sources make is looked at by tests/console/dist.test.mjs, which has Node.</summary>
public class ConsoleDistTests
{
    [Fact]
    public void The_binary_holds_exactly_the_built_page()
    {
        var dist = Repository.PathOf("deploy/console/dist");
        Assert.Equal(Directory.GetFiles(dist).Select(f => "/" + Path.GetFileName(f)).Order(), ConsoleFiles.Paths.Order());
        Assert.All(ConsoleFiles.Paths, p => Assert.Equal(File.ReadAllBytes(Path.Combine(dist, p[1..])), ConsoleFiles.Find(p)!.Bytes));
    }
}
