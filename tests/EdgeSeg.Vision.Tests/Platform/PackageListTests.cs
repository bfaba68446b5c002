using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Vision.Platform;

/// <summary>The packages in messages are those that the build installs and the Debian package depends on.</summary>
public class PackageListTests
{
    [Fact]
    public void The_messages_name_the_packages_of_the_build()
    {
        var lines = File.ReadAllLines(Repository.PathOf("build/opencv-packages.txt"))
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split(' '))
            .ToArray();
        Assert.All(lines, line => Assert.Contains(line[1], (string[])["install", "gtk", "base"]));
        var listed = lines.Where(line => line[1] != "gtk").Select(line => line[0].Split('|')[0]);
        // what every system has, and what ONNX Runtime links
        string[] others = ["libgomp1", "libgcc-s1"];
        Assert.Equal(listed.Concat(others).Order(), MissingLibrary.packages.Select(p => p.Package).Distinct().Order());
        Assert.Equal(["libgtk-3-0", "libgtk-3-0t64"], lines[0][0].Split('|'));
        Assert.Equal("libgtk-3-0", MissingLibrary.Gtk("ID=debian\nVERSION_ID=\"12\""));
    }
}
