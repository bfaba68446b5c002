using EdgeSeg.Messages;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>Bundles from a stick.</summary>
public sealed class DownloadFileTests : IDisposable
{
    private readonly FetchRig rig = new();
    private readonly string stick,
        secret;

    public DownloadFileTests()
    {
        stick = Path.Combine(rig.Home, "media", "stick");
        Directory.CreateDirectory(Path.Combine(stick, "bundle"));
        File.WriteAllBytes(Path.Combine(stick, "bundle", FetchRig.Name), rig.Content);
        secret = Path.Combine(rig.Home, "secret");
        Directory.CreateDirectory(secret);
        File.WriteAllBytes(Path.Combine(secret, FetchRig.Name), rig.Content);
        rig.Options = new DownloadOptions { Schemes = ["file"], FileRoot = stick };
    }

    public void Dispose() => rig.Dispose();

    private Task FetchAsync(string path) => rig.FetchAsync(rig.Bundle($"file://{path}/"));

    [Fact]
    public async Task A_bundle_is_copied_from_below_the_folder()
    {
        await FetchAsync(Path.Combine(stick, "bundle"));
        rig.AssertWhole();
        Assert.Equal([rig.Content.Length], rig.Progress);
    }

    [Fact]
    public async Task The_folder_itself_may_be_a_link()
    {
        var link = Path.Combine(rig.Home, "link");
        Directory.CreateSymbolicLink(link, stick);
        rig.Options = rig.Options with { FileRoot = link + "/" };
        await FetchAsync(Path.Combine(link, "bundle"));
        rig.AssertWhole();
    }

    [Theory]
    [InlineData("SECRET")]
    [InlineData("STICK/../../secret")]
    [InlineData("STICK/%2e%2e/%2e%2e/secret")]
    [InlineData("STICK/bundle/..%2f..%2f..%2fsecret")]
    [InlineData("STICK-not")]
    [InlineData("/nowhere/at/all")]
    [InlineData("/etc")]
    [InlineData("STICK/bundle%00")]
    public async Task No_path_leaves_the_folder(string path)
    {
        Directory.CreateDirectory(stick + "-not");
        File.WriteAllBytes(Path.Combine(stick + "-not", FetchRig.Name), rig.Content);
        await rig.FailAsync(
            FetchAsync(path.Replace("STICK", stick, StringComparison.Ordinal).Replace("SECRET", secret, StringComparison.Ordinal)),
            UpdateReason.SourceRefused,
            retry: false
        );
    }

    [Fact]
    public async Task No_link_leaves_the_folder()
    {
        Directory.CreateSymbolicLink(Path.Combine(stick, "folder"), secret);
        await rig.FailAsync(FetchAsync(Path.Combine(stick, "folder")), UpdateReason.SourceRefused, retry: false);
        Directory.CreateDirectory(Path.Combine(stick, "file"));
        File.CreateSymbolicLink(Path.Combine(stick, "file", FetchRig.Name), Path.Combine(secret, FetchRig.Name));
        await rig.FailAsync(FetchAsync(Path.Combine(stick, "file")), UpdateReason.SourceRefused, retry: false);
        Directory.CreateSymbolicLink(Path.Combine(stick, "inside"), Path.Combine(stick, "bundle"));
        await FetchAsync(Path.Combine(stick, "inside"));
        rig.AssertWhole();
    }

    [Fact]
    public async Task Another_machines_file_is_refused()
    {
        await rig.FailAsync(rig.FetchAsync(rig.Bundle($"file://server{stick}/bundle/")), UpdateReason.SourceRefused, retry: false);
    }

    [Fact]
    public async Task Without_a_folder_nothing_is_read()
    {
        rig.Options = rig.Options with { FileRoot = "" };
        await rig.FailAsync(FetchAsync(Path.Combine(stick, "bundle")), UpdateReason.SourceRefused, retry: false);
    }

    [Fact]
    public async Task A_missing_stick_is_retried()
    {
        await rig.FailAsync(FetchAsync(Path.Combine(stick, "not-yet")), UpdateReason.Unreachable, retry: true);
        rig.Options = rig.Options with { FileRoot = Path.Combine(rig.Home, "media", "other") };
        await rig.FailAsync(FetchAsync(Path.Combine(rig.Home, "media", "other", "bundle")), UpdateReason.Unreachable, retry: true);
    }

    [Fact]
    public async Task Size_and_content_are_checked()
    {
        var file = Path.Combine(stick, "bundle", FetchRig.Name);
        File.WriteAllBytes(file, [.. rig.Content, 0]);
        await rig.FailAsync(FetchAsync(Path.Combine(stick, "bundle")), UpdateReason.TooLong, retry: false);
        File.WriteAllBytes(file, rig.Content[1..]);
        await rig.FailAsync(FetchAsync(Path.Combine(stick, "bundle")), UpdateReason.TooShort, retry: true);
        File.WriteAllBytes(file, new byte[rig.Content.Length]);
        await rig.FailAsync(FetchAsync(Path.Combine(stick, "bundle")), UpdateReason.WrongHash, retry: false);
        Assert.Empty(Directory.GetFileSystemEntries(rig.Folder));
    }

    [Fact]
    public async Task A_pipe_or_a_folder_in_the_place_of_a_file_is_not_opened()
    {
        var file = Path.Combine(stick, "bundle", FetchRig.Name);
        File.Delete(file);
        using (var made = System.Diagnostics.Process.Start("mkfifo", file))
            await made.WaitForExitAsync();
        await rig.FailAsync(FetchAsync(Path.Combine(stick, "bundle")), UpdateReason.TooShort, retry: true);
        File.Delete(file);
        Directory.CreateDirectory(file);
        await rig.FailAsync(FetchAsync(Path.Combine(stick, "bundle")), UpdateReason.Unreachable, retry: true);
    }
}
