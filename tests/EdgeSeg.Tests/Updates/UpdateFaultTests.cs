using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Telemetry;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>
/// The process is killed at every place between two steps that write, and at random moments; whatever it leaves on the disk, a bundle that
/// is whole serves at the next start, and the update comes to its end.
/// </summary>
[Collection<AloneCollection>]
public sealed class UpdateFaultTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly List<string> known = [UpdateRig.Shipped];

    public UpdateFaultTests()
    {
        ReleaseSamples.Alice.Save(In("a.key"), In("keys/a.pem", makeFolder: true), null, null);
        Directory.CreateDirectory(In("models"));
    }

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Killed_at_every_point_the_device_starts_with_a_whole_model_and_continues()
    {
        // which points there are: an undisturbed way from one model to the next, and one back
        var points = Points();
        Assert.True(points.Count > 35, string.Join(' ', points));
        var version = 2;
        foreach (var point in points)
        {
            Publish(++version);
            var (code, output) = Drill(point);
            Assert.True(code == 137, $"{point}: {code} {output}");
            var (again, after) = Drill(null);
            Assert.True(again == 0, $"{point}: {after}");
            // what came up after the kill is one of the two that were whole
            var served = after.Split('\n').First(l => l.StartsWith("serving ", StringComparison.Ordinal))["serving ".Length..];
            Assert.Contains(served, known);
            Assert.Contains($"ends squeezesam-{version}-", after, StringComparison.Ordinal);
            Assert.Contains(" Idle", after, StringComparison.Ordinal);
        }
    }

    /// <summary>50 here; EDGESEG_KILLS=500 for the long form.</summary>
    [Fact]
    public void Killed_at_random_moments_of_a_running_update_loop_it_never_uses_a_half_written_model()
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("EDGESEG_KILLS") ?? "50", CultureInfo.InvariantCulture);
        var random = new Random(20261124);
        var (version, done, lastedMs) = (1, 0, 400.0);
        for (var kill = 0; kill < kills; kill++)
        {
            Publish(++version);
            using (var drill = Start(null))
            {
                if (!drill.WaitForExit(TimeSpan.FromMilliseconds(random.NextDouble() * lastedMs * 1.2)))
                    drill.Kill();
                drill.WaitForExit();
                if (drill.ExitCode == 0)
                    done++;
            }

            Assert.Contains(Whole(), known);
            if (kill % 5 != 4)
                continue;
            var since = Stopwatch.GetTimestamp();
            var (code, after) = Drill(null);
            lastedMs = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
            Assert.True(code == 0 && after.Contains($"ends squeezesam-{version}-", StringComparison.Ordinal), after);
        }

        // neither all before the first write nor all after the last
        Assert.InRange(done, 1, kills - 1);
    }

    [Theory]
    [InlineData(28, UpdateReason.DiskFull)]
    [InlineData(30, UpdateReason.DiskFailed)]
    public async Task A_full_or_read_only_disk_at_any_point_costs_time_and_nothing_else(int errno, string reason)
    {
        List<string> points = [];
        FailPoint.Passed = points.Add;
        try
        {
            using (var rig = new UpdateRig())
            {
                rig.Boot();
                await rig.InstallAsync(UpdateRig.Install(8, 10));
            }

            var reported = 0;
            foreach (var point in points.Distinct())
            {
                using var rig = new UpdateRig();
                FailPoint.Passed = null;
                rig.Boot();
                var good = await rig.InstallAsync(UpdateRig.Install(7, 9));
                rig.Offer(UpdateRig.Install(8, 10));
                var failures = 0;
                FailPoint.Passed = name =>
                {
                    if (name == point && failures++ < 3)
                        throw new IOException("the disk", errno);
                };
                for (var turn = 0; turn < 12; turn++)
                {
                    rig.Live = new LiveStats(50, 1, 0.9, 0.2);
                    await rig.RunOnceAsync();
                    Assert.Contains(rig.Store.Active, new[] { good, SlotStore.NameOf(UpdateRig.Install(8, 10).Bundle!) });
                    rig.Time.Advance(TimeSpan.FromHours(1));
                }

                if (rig.Reports.Any(r => r.Reason == reason))
                    reported++;
                Assert.True(
                    rig.State.Phase == UpdatePhase.Idle && SlotStore.Parts(rig.Store.Active!).Version == 8,
                    $"{point}: {rig.State.Phase} {rig.Store.Active} {rig.Last}"
                );
            }

            Assert.True(reported > 10, $"{reported} of {points.Count}");
        }
        finally
        {
            FailPoint.Passed = null;
        }
    }

    [Fact]
    public void The_published_program_has_no_fail_points()
    {
        var bytes = File.ReadAllBytes(Published.Binary);
        Assert.Equal(-1, bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes("EDGESEG_FAIL_AT")));
        Assert.Equal(-1, bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes("update-drill")));
    }

    private List<string> Points()
    {
        List<string> points = [];
        FailPoint.Passed = name =>
        {
            lock (points)
                points.Add(name);
        };
        try
        {
            Publish(1);
            var (code, output) = Drill(null);
            Assert.True(code == 0 && output.Contains("ends squeezesam-1-", StringComparison.Ordinal), output);
            Publish(2);
            var trace = Drill(null, trace: true);
            points.AddRange(
                trace.Output.Split('\n').Where(l => l.StartsWith("point ", StringComparison.Ordinal)).Select(l => l["point ".Length..])
            );
        }
        finally
        {
            FailPoint.Passed = null;
        }

        return [.. points.Distinct()];
    }

    /// <summary>A bundle of its own content on the source, and its signed manifest.</summary>
    private void Publish(int version)
    {
        var folder = In($"source/{version}", makeFolder: true);
        Directory.CreateDirectory(folder);
        List<BundleFile> files = [];
        foreach (var (name, text) in UpdateRig.Contents(version, "drill"))
        {
            File.WriteAllBytes(Path.Combine(folder, name), text);
            files.Add(
                new BundleFile
                {
                    Name = name,
                    Bytes = text.Length,
                    Sha256 = Convert.ToHexStringLower(SHA256.HashData(text)),
                }
            );
        }

        var manifest = ReleaseSamples.Install();
        manifest = manifest with
        {
            Serial = 100 + version,
            Issued = DateTimeOffset.UtcNow.AddMinutes(-1),
            Expires = DateTimeOffset.UtcNow.AddDays(1),
            Rollout = null,
            Bundle = manifest.Bundle! with { Version = version, Url = $"file://{folder}/", Files = files, Compatible = new Compatible() },
        };
        known.Add(SlotStore.NameOf(manifest.Bundle!));
        File.WriteAllBytes(In("envelope.json"), ReleaseSamples.Seal(manifest, ReleaseSamples.Alice).Write());
    }

    /// <summary>
    /// What would serve now: found in this process, with the very code of a start, on a copy so that the kill's traces stay for the drill.
    /// </summary>
    private string Whole()
    {
        var copy = In("copy");
        if (Directory.Exists(copy))
            Directory.Delete(copy, recursive: true);
        using (var cp = Process.Start("cp", ["-a", In("models"), copy]))
            cp.WaitForExit();
        var store = new SlotStore(copy);
        return new ModelBoot(store, StateFile.Open(copy), _ => { }).Choose(DateTimeOffset.UtcNow) ?? UpdateRig.Shipped;
    }

    private (int Code, string Output) Drill(string? killAt, bool trace = false)
    {
        using var drill = Start(killAt, trace);
        var output = drill.StandardOutput.ReadToEndAsync();
        var errors = drill.StandardError.ReadToEnd();
        drill.WaitForExit();
        return (drill.ExitCode, output.Result + errors);
    }

    private Process Start(string? killAt, bool trace = false)
    {
        var start = Published.Start(Path.Combine(AppContext.BaseDirectory, "edgeseg"), ["update-drill", scratch.Path]);
        start.RedirectStandardOutput = true;
        if (killAt is not null)
            start.Environment["EDGESEG_FAIL_AT"] = killAt;
        if (trace)
            start.Environment["EDGESEG_FAIL_TRACE"] = "1";
        return Process.Start(start)!;
    }

    private string In(string name, bool makeFolder = false)
    {
        var path = Path.Combine(scratch.Path, name);
        if (makeFolder)
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}
