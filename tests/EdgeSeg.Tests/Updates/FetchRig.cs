using System.Diagnostics;
using System.Security.Cryptography;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>A folder to fetch into, a clock that only a test moves, and a file of random bytes with the bundle that asks for it.</summary>
internal sealed class FetchRig : IDisposable
{
    public const string Name = "encoder.onnx",
        Etag = "\"v1\"";

    private readonly string home = Directory.CreateTempSubdirectory("edgeseg-fetch").FullName;

    public FetchRig(int bytes = 300_000) => RandomNumberGenerator.Fill(Content = new byte[bytes]);

    public byte[] Content { get; }

    public FakeTimeProvider Time { get; } =
        new(DateTimeOffset.Parse("2026-03-01T12:00:00Z", System.Globalization.CultureInfo.InvariantCulture));

    public DownloadOptions Options { get; set; } = new() { Schemes = ["https", "http"] };

    public HttpMessageHandler? Handler { get; set; }

    public List<long> Progress { get; } = [];

    public string Home => home;

    public string Folder => Path.Combine(home, "incoming", "slot");

    public string Final => Path.Combine(Folder, Name);

    public string Part => Final + ".part";

    public long PartBytes => File.Exists(Part) ? new FileInfo(Part).Length : 0;

    public BundleInfo Bundle(string url, params (string Name, byte[] Content)[] files) =>
        new()
        {
            Name = "esam",
            Version = 7,
            Url = url,
            Files =
            [
                .. (files.Length > 0 ? files : [(Name, Content)]).Select(f => new BundleFile
                {
                    Name = f.Name,
                    Bytes = f.Content.Length,
                    Sha256 = Convert.ToHexStringLower(SHA256.HashData(f.Content)),
                }),
            ],
        };

    public async Task FetchAsync(BundleInfo bundle, CancellationToken cancel = default)
    {
        using var download = new Download(Options, Time, Handler);
        await download
            .FetchAsync(bundle, Folder, Progress.Add, cancel)
            .WaitAsync(TimeSpan.FromSeconds(Wait.LimitS), CancellationToken.None);
    }

    public Task FetchAsync(MisbehavingServer server) => FetchAsync(Bundle(server.Folder));

    /// <summary>Fetches, and expects it to fail so.</summary>
    public async Task<UpdateException> FailAsync(Task fetch, string reason, bool retry)
    {
        var fault = await Assert.ThrowsAsync<UpdateException>(() => fetch);
        Assert.Equal((reason, retry), (fault.Reason, fault.Retry));
        Assert.False(File.Exists(Final), "a failed fetch leaves no whole file");
        return fault;
    }

    public Task<UpdateException> FailAsync(MisbehavingServer server, string reason, bool retry) =>
        FailAsync(FetchAsync(server), reason, retry);

    /// <summary>Nothing but the files is left, and they are right.</summary>
    public void AssertWhole(params (string Name, byte[] Content)[] files)
    {
        if (files.Length == 0)
            files = [(Name, Content)];
        Assert.Equal(
            files.Select(f => f.Name).Order(StringComparer.Ordinal),
            Directory.GetFileSystemEntries(Folder).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal)
        );
        Assert.All(files, f => Assert.True(f.Content.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(Folder, f.Name)))));
    }

    /// <summary>Advances the clock in steps until a task is done.</summary>
    public async Task MoveOnUntilAsync(Task done, TimeSpan step)
    {
        var watch = Stopwatch.StartNew();
        while (!done.IsCompleted)
        {
            Assert.True(watch.Elapsed.TotalSeconds < Wait.LimitS, "it did not end");
            Time.Advance(step);
            await Task.Delay(2);
        }
    }

    public void Dispose() => Directory.Delete(home, recursive: true);
}
