using System.Globalization;
using System.Text;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace EdgeSeg.Bench;

/// <summary>Runs <see cref="Kernels"/> in this process, whose native libraries are resolved already, and makes a table of pairs.</summary>
internal static class KernelBench
{
    public static string Table()
    {
        var job = Job
            .Default.WithToolchain(InProcessEmitToolchain.Instance)
            .WithWarmupCount(2)
            .WithIterationCount(5)
            .WithIterationTime(TimeInterval.FromMilliseconds(100));
        var config = ManualConfig
            .CreateEmpty()
            .AddJob(job)
            .AddLogger(NullLogger.Instance)
            .AddDiagnoser(BenchmarkDotNet.Diagnosers.MemoryDiagnoser.Default)
            .WithOptions(ConfigOptions.DisableOptimizationsValidator | ConfigOptions.DisableLogFile);
        var summary = BenchmarkRunner.Run<Kernels>(config);
        var text = new StringBuilder(
            "| step on a 720p frame | ours, µs | the straightforward way, µs | times | bytes allocated, ours | the other |\n"
                + "|---|---|---|---|---|---|\n"
        );
        foreach (var pair in summary.Reports.GroupBy(r => r.BenchmarkCase.Descriptor.Categories[0]))
        {
            var (ours, other) = (pair.First(), pair.Last());
            if (ours.ResultStatistics is not { } a || other.ResultStatistics is not { } b)
                throw new InvalidOperationException($"{pair.Key} gave no figure");
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {pair.Key} | {a.Median / 1000:0.0} | {b.Median / 1000:0.0} | {b.Median / a.Median:0.0} | {Bytes(ours)} | "
                    + $"{Bytes(other)} |\n"
            );
        }

        return text.ToString();

        static long? Bytes(BenchmarkDotNet.Reports.BenchmarkReport report) =>
            report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase);
    }
}
