using System.Diagnostics;
using Xunit;

namespace EdgeSeg.Testing;

/// <summary>The published program, for tests that drive it from outside. <c>./build.sh test</c> names it in EDGESEG_BINARY.</summary>
internal static class Published
{
    /// <summary>Time after which a run counts as hung. A run takes a second; on a loaded machine it may take a hundred.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(300);

    public static string Binary
    {
        get
        {
            var path = Environment.GetEnvironmentVariable("EDGESEG_BINARY");
            Assert.SkipWhen(string.IsNullOrEmpty(path), "EDGESEG_BINARY names no published program: ./build.sh test does");
            return Path.GetFullPath(path!);
        }
    }

    public static string Folder => Path.GetDirectoryName(Binary)!;

    public static bool HasTool(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));

    /// <summary>
    /// A start without the variables that the test runner itself was given: the program refuses settings that it does not
    /// know.
    /// </summary>
    public static ProcessStartInfo Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("EDGESEG_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment.Remove("ORT_DISABLE_TELEMETRY");
        start.Environment.Remove("XDG_CACHE_HOME");
        return start;
    }

    /// <summary>Runs a program to its end, its home folder being <paramref name="home"/> where one is given.</summary>
    public static (int ExitCode, string Output, string Errors) Run(
        string program,
        IEnumerable<string> arguments,
        string? home = null,
        int timesPatience = 1
    )
    {
        var start = Start(program, arguments);
        start.RedirectStandardOutput = start.RedirectStandardInput = true;
        if (home is not null)
            start.Environment["HOME"] = home;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(patience * timesPatience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end in {timesPatience * patience.TotalSeconds} s");
        }

        return (process.ExitCode, output.Result, errors.Result);
    }
}

/// <summary>A folder of a test's own, removed with it.</summary>
internal sealed class Scratch : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("edgeseg-test-").FullName;

    public string Write(string name, byte[] content)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
