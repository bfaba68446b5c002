using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Health;

/// <summary>Checks that the native libraries load, and shows their versions and paths.</summary>
internal static class NativeChecks
{
    public static (string Name, Func<Check> Look) Runtime { get; } =
        Doctor.Of(
            "onnx runtime",
            () =>
            {
                var path = NativeLibraries.Require(NativeLibraries.Runtime);
                var has = ExecutionProviders.All.Where(p => ExecutionProviders.Available.Contains(p.RuntimeName)).Select(p => p.Title);
                return $"{Ort.Environment.GetVersionString()} from {path}, built with {string.Join(", ", has)}";
            }
        );

    public static (string Name, Func<Check> Look) OpenCv { get; } =
        Doctor.Of(
            "opencv",
            () =>
            {
                var path = NativeLibraries.Require(NativeLibraries.OpenCv);
                return $"{Cv2.GetVersionString()} from {path}";
            }
        );
}
