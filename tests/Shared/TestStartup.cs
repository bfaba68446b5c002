using System.Runtime.CompilerServices;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Testing;

/// <summary>The tests' own <c>Main</c> is not ours: what ours does first is done here.</summary>
internal static class TestStartup
{
    [ModuleInitializer]
    internal static void Prepare() => NativeLibraries.Prepare();
}
