using System.Diagnostics;

namespace EdgeSeg.Updates;

/// <summary>
/// A named place between two steps that write. In the builds that tests use (the constant FAILPOINTS) a test can have the process killed
/// or a disk error raised there; in every other build, published ones above all, calls are left out by the compiler.
/// </summary>
internal static class FailPoint
{
#if FAILPOINTS
    /// <summary>Takes the name of each point that is passed. Set by in-process tests; a process of its own takes EDGESEG_FAIL_AT=name, which kills it there, and EDGESEG_FAIL_TRACE, which prints each.</summary>
    public static Action<string>? Passed { get; set; }

    private static readonly string? killAt = Environment.GetEnvironmentVariable("EDGESEG_FAIL_AT");
    private static readonly bool isTraced = Environment.GetEnvironmentVariable("EDGESEG_FAIL_TRACE") is not null;
#endif

    [Conditional("FAILPOINTS")]
    public static void Hit(string name)
    {
#if FAILPOINTS
        Passed?.Invoke(name);
        if (isTraced) Console.WriteLine($"point {name}");
        if (killAt == name) Process.GetCurrentProcess().Kill();
#endif
    }
}
