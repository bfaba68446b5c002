using System.Text.Json;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using Xunit;

namespace EdgeSeg.Updates;

/// <summary>
/// The canary's process of the published program: good bundles, and those that are wrong, slow, not finite, too large, crash or hang.
/// </summary>
public sealed class CanaryTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    private static string Photo => Path.Combine(Published.Folder, "demo", "chelsea.jpg");

    private static string Shipped => Path.Combine(Published.Folder, "models", "squeezesam");

    [Fact]
    public async Task The_shipped_model_passes_against_itself()
    {
        var folder = Copy();
        var result = await RunAsync(folder, new CanaryTerms { Cases = "canary.json", MaxLatencyRatio = 20 });
        Assert.Null(result.Reason);
        Assert.True(result is { Iou: > 0.99, LatencyRatio: > 0, MemoryMib: > 30 }, result.ToString());
    }

    [Fact]
    public async Task Masks_that_are_not_the_expected_ones_are_refused()
    {
        var folder = Copy();
        var cases = Read(folder);
        // the expected mask is that of nothing: all background
        Write(folder, cases with { Cases = [cases.Cases[0] with { Counts = Counts(new BinaryMask(), cases.Cases[0].Size) }] });
        Assert.Equal(UpdateReason.CanaryMasks, await ReasonAsync(folder, new CanaryTerms { Cases = "canary.json" }));
    }

    [Fact]
    public async Task Too_much_memory_and_too_much_time_are_refused()
    {
        var folder = Copy();
        Assert.Equal(UpdateReason.CanaryMemory, await ReasonAsync(folder, new CanaryTerms { Cases = "canary.json", MaxMemoryMib = 20 }));
        Assert.Equal(UpdateReason.CanarySlow, await ReasonAsync(folder, new CanaryTerms { Cases = "canary.json", MaxLatencyRatio = 0.01 }));
    }

    [Fact]
    public async Task Answers_that_are_not_finite_are_refused()
    {
        float[] map = [.. Enumerable.Repeat(float.NaN, 64)];
        var folder = OnnxGraph.Bundle(OnnxGraph.SqueezeSam(32, 32, map, [0.9f], map, 8, 8).ToBytes(), Path.Combine(scratch.Path, "nan"));
        WithCase(folder);
        Assert.Equal(UpdateReason.CanaryOutput, await ReasonAsync(folder, new CanaryTerms { Cases = "canary.json" }));
    }

    [Fact]
    public async Task What_does_not_load_is_refused()
    {
        var folder = OnnxGraph.Bundle([1, 2, 3], Path.Combine(scratch.Path, "garbage"));
        WithCase(folder);
        Assert.Equal(UpdateReason.DoesNotLoad, await ReasonAsync(folder, new CanaryTerms { Cases = "canary.json" }));
    }

    [Theory]
    [InlineData("kill -SEGV $$", UpdateReason.CanaryCrashed)]
    [InlineData("exit 0", UpdateReason.CanaryCrashed)]
    [InlineData("echo '{}garbage'", UpdateReason.CanaryCrashed)]
    [InlineData("sleep 600", UpdateReason.CanaryHung)]
    public async Task A_process_that_crashes_or_hangs_does_not_affect_the_service(string script, string reason)
    {
        // the verb's words follow as the script's arguments
        var canary = new Canary(
            new CanaryOptions
            {
                Program = ["/bin/sh", "-c", script],
                TimeoutMs = reason == UpdateReason.CanaryHung ? 300 : UpdateLimits.CanaryMs,
            }
        );
        var e = await Assert.ThrowsAsync<UpdateException>(() =>
            canary.RunAsync("/nowhere", "/nowhere", new CanaryTerms { Cases = "canary.json" }, CancellationToken.None)
        );
        Assert.Equal(reason, e.Reason);
    }

    [Fact]
    public async Task Its_process_has_none_of_the_services_sockets()
    {
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", "/run/nowhere");
        try
        {
            var canary = new Canary(
                new CanaryOptions { Program = ["/bin/sh", "-c", "echo \"{\\\"reason\\\":\\\"socket-$NOTIFY_SOCKET\\\"}\""] }
            );
            var e = await Assert.ThrowsAsync<UpdateException>(() =>
                canary.RunAsync("/a", "/b", new CanaryTerms { Cases = "c" }, CancellationToken.None)
            );
            Assert.Equal("socket-", e.Reason);
        }
        finally
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        }
    }

    private static Task<CanaryResult> RunAsync(string folder, CanaryTerms terms) =>
        new Canary(new CanaryOptions { Program = [Published.Binary] }).RunAsync(folder, Shipped, terms, CancellationToken.None);

    private static async Task<string> ReasonAsync(string folder, CanaryTerms terms) =>
        (await Assert.ThrowsAsync<UpdateException>(() => RunAsync(folder, terms))).Reason;

    private string Copy()
    {
        var folder = Path.Combine(scratch.Path, "copy");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(Shipped))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        WithCase(folder);
        return folder;
    }

    /// <summary>One automatic case; its mask is what the shipped model says.</summary>
    private static void WithCase(string folder)
    {
        File.Copy(Photo, Path.Combine(folder, "one.jpg"));
        var (code, output, errors) = Published.Run(Published.Binary, ["segment", Photo]);
        Assert.True(code == 0, errors);
        var mask = JsonDocument.Parse(output).RootElement.GetProperty("mask");
        Write(
            folder,
            new CanaryCases
            {
                Cases =
                [
                    new CanaryCase
                    {
                        Image = "one.jpg",
                        Size = [.. mask.GetProperty("size").EnumerateArray().Select(n => n.GetInt32())],
                        Counts = mask.GetProperty("counts").GetString()!,
                    },
                ],
            }
        );
    }

    private static string Counts(BinaryMask mask, int[] size)
    {
        mask.Reset(size[1], size[0]);
        mask.SetRun(0, 0, 1);
        return SelfCheck.Counts(mask);
    }

    private static CanaryCases Read(string folder) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, "canary.json")), UpdateJson.Default.CanaryCases)!;

    private static void Write(string folder, CanaryCases cases) =>
        File.WriteAllBytes(Path.Combine(folder, "canary.json"), JsonSerializer.SerializeToUtf8Bytes(cases, UpdateJson.Default.CanaryCases));
}
