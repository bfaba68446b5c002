using System.Diagnostics;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Native;

/// <summary>
/// Another version of ONNX Runtime in the place of ours. <c>npm pack onnxruntime-node@1.30.0</c> has one
/// (bin/napi-v6/linux/x64/libonnxruntime.so.1); EDGESEG_FOREIGN_RUNTIME names the file.
/// </summary>
public class ForeignRuntimeTests
{
    [Fact]
    public void An_older_runtime_is_refused_with_a_sentence_before_anything_calls_into_it()
    {
        var library = Environment.GetEnvironmentVariable("EDGESEG_FOREIGN_RUNTIME");
        Assert.SkipWhen(
            string.IsNullOrEmpty(library),
            "EDGESEG_FOREIGN_RUNTIME names no other ONNX Runtime, for example that of npm's onnxruntime-node 1.30.0"
        );
        // a process of its own: a library that is loaded once stays
        var dll = typeof(Cli.Verbs).Assembly.Location;
        var (code, output, errors) = Run(dll, library!);
        Assert.Equal(1, code);
        Assert.Contains($"in {library} is too old: this edgeseg needs {RuntimeVersion.Built.Major}.{RuntimeVersion.Built.Minor}", errors);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.DoesNotContain("model", output);
    }

    private static (int, string, string) Run(string dll, string library)
    {
        var start = new ProcessStartInfo("dotnet", [dll, "info"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["EDGESEG_RUNTIME__LIBRARY"] = library;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Result, errors);
    }
}
