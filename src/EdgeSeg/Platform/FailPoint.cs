using System.Diagnostics;

namespace EdgeSeg.Platform;

/// <summary>
/// A named place between two steps that write. In builds with the constant FAILPOINTS a test can kill the process or raise a disk error there;
/// in every other build, and so in published ones, the compiler leaves the calls out.
/// </summary>
internal static class FailPoint
{
#if FAILPOINTS
    /// <summary>
    /// Called with the name of each point that is passed; set by tests in the same process. For a process of its own: EDGESEG_FAIL_AT=name kills it at
    /// that point, EDGESEG_FAIL_TRACE prints each.
    /// </summary>
    public static Action<string>? Passed { get; set; }

    private static readonly string? killAt = Environment.GetEnvironmentVariable("EDGESEG_FAIL_AT");
    private static readonly bool isTraced = Environment.GetEnvironmentVariable("EDGESEG_FAIL_TRACE") is not null;
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
