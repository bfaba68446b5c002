namespace EdgeSeg.Vision.Platform;

/// <summary>Preparation of the process, before any native library is used.</summary>
internal static class Startup
{
    /// <summary>
    /// Sets the native libraries' environment and their resolver; loads none. The first call of <c>Main</c>; repeated calls have no effect.
    /// </summary>
    public static void Prepare()
    {
        ProcessEnvironment.Set();
        NativeLibraries.Register();
    }
}
