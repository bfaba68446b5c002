using System.Runtime.InteropServices;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Models;
using OpenCvSharp;

namespace EdgeSeg.Health;

/// <summary>Names and versions of the program and of the libraries and the machine that it runs on.</summary>
internal static class SoftwareVersions
{
    /// <summary>linux-x64 or linux-arm64.</summary>
    public static string Machine { get; } = $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    public static IReadOnlyList<KeyValuePair<string, string>> All() =>
        [
            new("edgeseg", ProgramVersion.Text),
            new("dotnet", Environment.Version.ToString()),
            new("onnxruntime", LoadedModel.RuntimeVersion),
            new("opencv", Cv2.GetVersionString() ?? "unknown"),
            new("machine", $"{Machine} {Environment.ProcessorCount} cores"),
        ];
}
