using System.Diagnostics;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Cli;

/// <summary>The file of <c>--json</c>: never an input, and an existing file only where that is asked for.</summary>
public sealed class ResultFileTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void An_input_is_not_written_even_where_files_may_be_replaced_or_through_a_link()
    {
        var input = scratch.Write("coco.json", "{}"u8.ToArray());
        var link = Path.Combine(scratch.Path, "link.json");
        File.CreateSymbolicLink(link, input);
        foreach (var name in new[] { input, link })
            Assert.Contains("is an input of this run", Refusal(name, mayOverwrite: true, input));
        Assert.Contains("is an input of this run", Refusal(input, mayOverwrite: true, link));
        Assert.Equal("{}", File.ReadAllText(input));
    }

    [Fact]
    public void An_existing_file_is_replaced_only_when_asked_for()
    {
        var file = scratch.Write("old.json", "old"u8.ToArray());
        Assert.Contains("--overwrite", Refusal(file, mayOverwrite: false));
        ResultFile.Named(file, "--json", [], mayOverwrite: true)!.Write(s => s.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(file));
        var fresh = Path.Combine(scratch.Path, "fresh.json");
        ResultFile.Named(fresh, "--json", [file], mayOverwrite: false)!.Write(s => s.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(fresh));
    }

    [Fact]
    public void Another_name_of_the_old_file_keeps_its_content()
    {
        var file = scratch.Write("old.json", "old"u8.ToArray());
        var other = Path.Combine(scratch.Path, "input.json");
        using (var ln = Process.Start("ln", [file, other]))
            ln.WaitForExit();
        ResultFile.Named(file, "--json", [other], mayOverwrite: true)!.Write(s => s.Write("new"u8));
        Assert.Equal(("new", "old"), (File.ReadAllText(file), File.ReadAllText(other)));
    }

    [Fact]
    public void Files_with_the_name_of_a_draft_keep_their_content()
    {
        var file = Path.Combine(scratch.Path, "r.json");
        var own = scratch.Write("r.json.tmp", "own"u8.ToArray());
        foreach (var mayOverwrite in (bool[])[false, true])
            ResultFile.Named(file, "--json", [], mayOverwrite)!.Write(s => s.Write("new"u8));
        Assert.Equal(("new", "own"), (File.ReadAllText(file), File.ReadAllText(own)));
        // a file that cannot be written leaves no draft: the folder in its place was made after the check
        var late = Path.Combine(scratch.Path, "late.json");
        var result = ResultFile.Named(late, "--json", [], mayOverwrite: false)!;
        Directory.CreateDirectory(Path.Combine(late, "below"));
        Assert.Contains("cannot be written", Assert.Throws<OperatingException>(() => result.Write(s => s.Write("x"u8))).Message);
        Assert.Equal(["r.json", "r.json.tmp"], Directory.GetFiles(scratch.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_list_of_empty_inputs_goes_to_a_device_and_an_empty_file_and_over_no_other_file()
    {
        var full = scratch.Write("full.txt", "x"u8.ToArray());
        foreach (var path in (string[])["/dev/null", scratch.Write("empty.txt", [])])
        {
            using var list = new EmptyList(path, [full], mayOverwrite: false);
            list.Add("a.jpg", null, isFound: false);
        }

        Assert.Equal("a.jpg\n", File.ReadAllText(Path.Combine(scratch.Path, "empty.txt")));
        string Refused(string path, bool mayOverwrite, params string[] inputs) =>
            Assert.Throws<OperatingException>(() => new EmptyList(path, inputs, mayOverwrite)).Message;
        Assert.Contains("exists already", Refused(full, mayOverwrite: false));
        Assert.Contains("is an input", Refused(full, mayOverwrite: true, full));
        Assert.Contains("is a folder", Refused(scratch.Path, mayOverwrite: true));
        Assert.Contains("--list-empty names no file", Refused("", mayOverwrite: true));
        Assert.Equal("x", File.ReadAllText(full));
    }

    [Fact]
    public void What_cannot_be_written_is_found_before_the_work_begins()
    {
        Assert.Contains("its folder does not exist", Refusal(Path.Combine(scratch.Path, "no", "x.json"), mayOverwrite: true));
        Assert.Contains("is a folder", Refusal(scratch.Path, mayOverwrite: true));
        Assert.Contains("names no file", Refusal("", mayOverwrite: true));
        Assert.Null(ResultFile.Named(null, "--json", [], mayOverwrite: false));
        Assert.True(ResultFile.Named("-", "--json", [], mayOverwrite: false)!.IsStandardOutput);
        var full = ResultFile.Named("/dev/full", "--json", [], mayOverwrite: false)!;
        Assert.Contains("/dev/full", Assert.Throws<OperatingException>(() => full.Write(s => s.Write("x"u8))).Message);
    }

    private static string Refusal(string path, bool mayOverwrite, params string[] inputs) =>
        Assert.Throws<OperatingException>(() => ResultFile.Named(path, "--json", inputs, mayOverwrite)).Message;
}
