using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>
/// Disks that fail, at each step that writes; and what a download takes of memory. Fail points and allocations are the process's, so
/// nothing else may run meanwhile.
/// </summary>
[Collection<AloneCollection>]
public sealed class DownloadFaultTests(ITestOutputHelper output) : IDisposable
{
    private const int NoSpace = 28,
        ReadOnly = 30;

    public static TheoryData<string, int> Points
    {
        get
        {
            string[] all =
            [
                "download:create",
                "download:made",
                "download:tag:create",
                "download:tag:half",
                "download:tag:unsynced",
                "download:tag:unnamed",
                "download:tag:done",
                "download:half",
                "download:unsynced",
                "download:unnamed",
                "download:named",
                "download:done",
            ];
            var data = new TheoryData<string, int>();
            foreach (var point in all)
            {
                data.Add(point, NoSpace);
                data.Add(point, ReadOnly);
            }

            return data;
        }
    }

    public void Dispose() => FailPoint.Passed = null;

    [Fact]
    public async Task Every_step_that_writes_has_its_point()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        var passed = new List<string>();
        FailPoint.Passed = passed.Add;
        await rig.FetchAsync(server);
        Assert.Equal(Points.Select(p => p.Data.Item1).Distinct(), passed);
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task A_disk_fault_is_reported_and_the_download_resumed(string point, int errno)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        FailPoint.Passed = passed =>
        {
            if (passed == point)
                throw new IOException("a test's disk", errno);
        };
        var fault = await Assert.ThrowsAsync<UpdateException>(() => rig.FetchAsync(server));
        Assert.Equal((errno == NoSpace ? UpdateReason.DiskFull : UpdateReason.DiskFailed, true), (fault.Reason, fault.Retry));
        FailPoint.Passed = null;
        await rig.FetchAsync(server);
        rig.AssertWhole();
    }

    [Fact]
    public async Task Half_of_a_file_before_the_disk_was_full_is_not_fetched_twice()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        FailPoint.Passed = passed =>
        {
            if (passed == "download:half")
                throw new IOException("a test's disk", NoSpace);
        };
        await rig.FailAsync(server, UpdateReason.DiskFull, retry: true);
        FailPoint.Passed = null;
        var had = rig.PartBytes;
        Assert.InRange(had, rig.Content.Length / 2, rig.Content.Length - 1);
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal(rig.Content.Length - had, server.Exchanges.Last().Sent);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_disk_cannot_read_again_is_fetched_again(bool whole)
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e =>
            e.ServeAsync(rig.Content, FetchRig.Etag, e.Number == 0 && !whole ? 200_000 : null)
        );
        if (whole)
            await rig.FetchAsync(server);
        else
            await rig.FailAsync(server, UpdateReason.Unreachable, retry: true);
        FailPoint.Passed = passed =>
        {
            if (passed == "download:reread")
                throw new IOException("a test's bad sector", 5);
        };
        await rig.FetchAsync(server);
        rig.AssertWhole();
        Assert.Equal((2, null), (server.Exchanges.Count, server.Exchanges.Last().Range));
    }

    [Fact]
    public void A_full_disk_is_recognised_by_its_error_number()
    {
        using var full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write);
        var fault = Assert.ThrowsAny<IOException>(() => RandomAccess.Write(full, new byte[1], 0));
        Assert.Equal(UpdateReason.DiskFull, DiskFault.Of(fault, "x").Reason);
        Assert.Equal(UpdateReason.DiskFailed, DiskFault.Of(new UnauthorizedAccessException(), "x").Reason);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_a_failed_disk()
    {
        using var rig = new FetchRig();
        File.WriteAllText(Path.Combine(rig.Home, "incoming"), "a file is in the way");
        await rig.FailAsync(rig.FetchAsync(rig.Bundle("http://127.0.0.1:9/")), UpdateReason.DiskFailed, retry: true);
    }

    [Fact]
    public async Task Free_space_is_checked_before_the_first_request()
    {
        using var rig = new FetchRig();
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        var bundle = rig.Bundle(server.Folder);
        var fault = await rig.FailAsync(
            rig.FetchAsync(bundle with { Files = [bundle.Files[0] with { Bytes = 1L << 60 }] }),
            UpdateReason.DiskFull,
            retry: true
        );
        Assert.Contains("MiB free", fault.Message, StringComparison.Ordinal);
        Assert.Empty(server.Exchanges);
    }

    [Fact]
    public async Task Twenty_megabytes_take_less_than_one_of_new_memory()
    {
        using var rig = new FetchRig(20_000_000);
        await using var server = new MisbehavingServer(e => e.ServeAsync(rig.Content, FetchRig.Etag));
        await rig.FetchAsync(server);
        File.Delete(rig.Final);
        var before = GC.GetTotalAllocatedBytes(true);
        await rig.FetchAsync(server);
        var taken = GC.GetTotalAllocatedBytes(true) - before;
        output.WriteLine($"{taken} bytes, the server's included");
        Assert.InRange(taken, 0, 1_000_000);
        rig.AssertWhole();
    }
}
