using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Annotation;

public sealed class PhotoListTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Folders_globs_lists_and_paths_name_photographs()
    {
        foreach (var name in (string[])["a.jpg", "b/c.PNG", "b/d.jpg", "b/notes.md", ".hidden.jpg", "e/phone.jfif"])
            scratch.Write(name, [1]);
        Assert.Equal(["a.jpg", "b/c.PNG", "b/d.jpg", "e/phone.jfif"], Names(scratch.Path));
        Assert.Equal(["a.jpg"], Names(scratch.Path + "/*.jpg"));
        Assert.Equal(["a.jpg", "b/d.jpg"], Names(scratch.Path + "/**/*.jpg"));
        scratch.Write("list.txt", "# chosen\nb/d.jpg\n\n./a.jpg\n"u8.ToArray());
        Assert.Equal(["a.jpg", "b/d.jpg"], Names(scratch.Path + "/list.txt"));
        Assert.Equal(["a.jpg"], Names(scratch.Path + "/a.jpg"));
        Assert.Contains("names no photograph", Assert.Throws<OperatingException>(() => Names(scratch.Path + "/*.gif")).Message);
    }

    /// <summary>Backslashes are characters of a name here, and no name leads out of the output folder.</summary>
    [Fact]
    public void No_name_has_parts_that_lead_upwards()
    {
        scratch.Write("p/a\\..\\..\\esc.jpg", [1]);
        scratch.Write("other/b.jpg", [1]);
        scratch.Write("p/lists/list.txt", "../../other/b.jpg\ntrain\\a.jpg\n../lists/./c.jpg\n"u8.ToArray());
        Assert.Equal(["a\\..\\..\\esc.jpg"], Names(scratch.Path + "/p"));
        var listed = PhotoList.Find([scratch.Path + "/p/lists/list.txt"]);
        Assert.Equal(["b.jpg", "c.jpg", "train\\a.jpg"], listed.Select(p => p.Name));
        Assert.Equal(scratch.Path + "/other/b.jpg", listed[0].Path);
    }

    [Fact]
    public void A_photograph_that_is_named_twice_is_taken_once()
    {
        var one = scratch.Write("p/a.jpg", [1]);
        Assert.Equal(["a.jpg"], Names(scratch.Path + "/p", one, scratch.Path + "/p/../p/./a.jpg", scratch.Path + "/p/*.jpg"));
    }

    [Fact]
    public void A_folder_is_searched_once_whatever_links_lead_to_it()
    {
        scratch.Write("p/a.jpg", [1]);
        scratch.Write("p/z/b.jpg", [1]);
        scratch.Write("elsewhere/c.jpg", [1]);
        foreach (var link in (string[])["p/self", "p/z/again"])
            File.CreateSymbolicLink(Path.Combine(scratch.Path, link), scratch.Path + "/p");
        File.CreateSymbolicLink(scratch.Path + "/p/a-link-to-z", scratch.Path + "/p/z");
        File.CreateSymbolicLink(scratch.Path + "/p/more", scratch.Path + "/elsewhere");
        var walk = new FolderWalk("");
        Assert.Equal(["a.jpg", "more/c.jpg", "z/b.jpg"], PhotoList.Find([scratch.Path + "/p"], walk).Select(p => p.Name));
        Assert.StartsWith("3 links to folders that are searched already were left out", Assert.Single(walk.Notes));
    }

    [Fact]
    public void Folders_of_any_depth_are_searched()
    {
        var deep = string.Concat(Enumerable.Repeat("d/", 60)) + "a.jpg";
        scratch.Write(deep, [1]);
        Assert.Equal([deep], Names(scratch.Path));
    }

    [Fact]
    public void Results_of_this_program_are_no_input()
    {
        scratch.Write("p/a.jpg", [1]);
        scratch.Write("p/dataset/cutouts/a.jpg-1.png", [1]);
        scratch.Write("p/earlier/annotate.json", [1]);
        scratch.Write("p/earlier/cutouts/a.jpg-1.png", [1]);
        var walk = new FolderWalk(scratch.Path + "/p/dataset");
        Assert.Equal(["a.jpg"], PhotoList.Find([scratch.Path + "/p"], walk).Select(p => p.Name));
        Assert.StartsWith("2 folders with results of 'edgeseg annotate' were left out (", Assert.Single(walk.Notes));
        foreach (var folder in (string[])["p/dataset", "p/dataset/cutouts"])
        {
            var refused = Assert.Throws<OperatingException>(() => PhotoList.Find([Path.Combine(scratch.Path, folder)], walk));
            Assert.Contains("choose another --out", refused.Message);
        }
    }

    [Fact]
    public void What_is_left_out_is_counted()
    {
        foreach (var name in (string[])["a.jpg", "1.HEIC", "2.HEIC", "3.gif", "4.gif"])
            scratch.Write(name, [1]);
        var walk = new FolderWalk("");
        PhotoList.Find([scratch.Path], walk);
        Assert.Matches("^4 files of other kinds were left out \\(.*, .*, .*, \\.\\.\\.\\)$", Assert.Single(walk.Notes));
    }

    /// <summary>Folders that cannot match are not opened: one that may not be read would be counted.</summary>
    [Fact]
    public void A_glob_searches_only_the_folders_that_it_can_match()
    {
        scratch.Write("p/a.jpg", [1]);
        scratch.Write("p/sub/deep/b.md", [1]);
        scratch.Write("p/sub/c.jpg", [1]);
        var walk = new FolderWalk(scratch.Path + "/p/sub/deep/");
        Assert.Equal(["a.jpg"], PhotoList.Find([scratch.Path + "/p/*.jpg"], walk).Select(p => p.Name));
        Assert.Equal(["sub/c.jpg"], PhotoList.Find([scratch.Path + "/p/*/*.jpg"], walk).Select(p => p.Name));
        Assert.Empty(walk.Notes);
        PhotoList.Find([scratch.Path + "/p/**/*.jpg"], walk);
        Assert.StartsWith("1 folder with results", Assert.Single(walk.Notes));
    }

    [Fact]
    public void A_list_with_zero_bytes_and_an_empty_one_are_refused()
    {
        var list = scratch.Write("list.txt", "a.jpg\0b.jpg\0"u8.ToArray());
        Assert.Contains("not -print0", Assert.Throws<OperatingException>(() => Names(list)).Message);
        File.WriteAllBytes(list, []);
        Assert.Contains("names no photograph", Assert.Throws<OperatingException>(() => Names(list)).Message);
    }

    [Fact]
    public void Shards_are_disjoint_stable_and_all_of_the_list()
    {
        Photo[] photos = [.. Enumerable.Range(0, 1000).Select(i => new Photo($"p{i:0000}.jpg", ""))];
        var shards = Enumerable.Range(1, 7).Select(i => PhotoList.Shard(photos, i, 7).ToArray()).ToArray();
        Assert.Equal(photos.Select(p => p.Name), shards.SelectMany(s => s).Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.All(shards, s => Assert.InRange(s.Length, 90, 200));
        // further photographs move none of those that are there
        Photo[] more = [.. photos, .. Enumerable.Range(0, 500).Select(i => new Photo($"q{i}.jpg", ""))];
        Assert.Equal(shards[2], PhotoList.Shard(more, 3, 7).Where(p => p.Name[0] == 'p'));
    }

    private static IEnumerable<string> Names(params string[] inputs) => PhotoList.Find(inputs).Select(p => p.Name);
}
