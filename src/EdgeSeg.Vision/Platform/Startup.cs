namespace EdgeSeg.Vision.Platform;

/// <summary>What must happen before anything else does.</summary>
internal static class Startup
{
    /// <summary>Sets the native libraries' environment and says where they load from; loads none. The first line of <c>Main</c>; harmless when repeated.</summary>
    public static void Prepare()
    {
        ProcessEnvironment.Set();
        NativeLibraries.Register();
    }
}
