using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace EdgeSeg.Vision.Platform;

/// <summary>
/// The version of a native ONNX Runtime, read through <c>OrtGetApiBase</c>, whose form is fixed for all versions. The managed side copies
/// the table of functions of its own version: an older library has a shorter table, and calls beyond its end would crash.
/// </summary>
internal static unsafe class RuntimeVersion
{
    /// <summary>The version this program was built with.</summary>
    public static Version Built { get; } = typeof(OrtEnv).Assembly.GetName().Version ?? new Version(0, 0);

    /// <exception cref="OperatingException">The library is older than this program needs, or is not ONNX Runtime.</exception>
    public static void Check(nint library, string path)
    {
        if (!NativeLibrary.TryGetExport(library, "OrtGetApiBase", out var export))
            throw new OperatingException(
                $"{path} is not ONNX Runtime: name its library with runtime.library, or remove that key to use the one beside edgeseg"
            );
        var table = ((delegate* unmanaged<ApiBase*>)export)();
        var text = Marshal.PtrToStringUTF8(table->GetVersionString()) ?? "";
        if (!Suffices(text, Built))
            throw new OperatingException(
                $"ONNX Runtime {text} in {path} is too old: this edgeseg needs {Built.Major}.{Built.Minor} or a later {Built.Major}.x; "
                    + "remove runtime.library to use the one beside edgeseg"
            );
    }

    internal static bool Suffices(string native, Version built)
    {
        var numbers = native.Split('-', '+')[0];
        return Version.TryParse(numbers, out var v) && v.Major == built.Major && v.Minor >= built.Minor;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ApiBase
    {
        public delegate* unmanaged<uint, void*> GetApi;
        public delegate* unmanaged<nint> GetVersionString;
    }
}
