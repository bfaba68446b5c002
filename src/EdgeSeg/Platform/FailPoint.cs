using System.Diagnostics;
#if FAILPOINTS
using System.Runtime.CompilerServices;
using EdgeSeg.Vision.Platform;
#endif

namespace EdgeSeg.Platform;

/// <summary>
/// A named place between two steps that write to the disk. In the builds that tests use (constant FAILPOINTS) a test can kill the process
/// or raise a disk error there. In every other build, published ones included, the compiler removes the calls.
/// </summary>
internal static class FailPoint
{
#if FAILPOINTS
    /// <summary>
    /// Receives the name of each point that is passed. Tests in this process set it. A child process reads EDGESEG_FAIL_AT=name, which
    /// kills it there, and EDGESEG_FAIL_TRACE, which prints each point.
    /// </summary>
    public static Action<string>? Passed { get; set; }

    private static readonly string? killAt = Environment.GetEnvironmentVariable("EDGESEG_FAIL_AT");
    private static readonly bool isTraced = Environment.GetEnvironmentVariable("EDGESEG_FAIL_TRACE") is not null;

    /// <summary>The steps of <see cref="AtomicFile"/> are fail points too.</summary>
    [ModuleInitializer]
    internal static void Connect() => AtomicFile.StepPassed = static name => Hit(name);
#endif

    [Conditional("FAILPOINTS")]
    public static void Hit(string name)
    {
#if FAILPOINTS
        Passed?.Invoke(name);
        if (isTraced)
            Console.WriteLine($"point {name}");
        if (killAt == name)
            Process.GetCurrentProcess().Kill();
#endif
    }
}
