using System.Globalization;

namespace EdgeSeg.Vision.Platform;

/// <summary>
/// The environment that native libraries read when they load. It is set with libc's <c>setenv</c>:
/// <see cref="Environment.SetEnvironmentVariable(string, string)"/> changes a copy that native code never sees.
/// </summary>
internal static class ProcessEnvironment
{
    /// <summary>Sets all variables; call it before any native library is loaded.</summary>
    public static void Set()
    {
        // official builds of ONNX Runtime keep a device id in the home folder and send telemetry unless this is set
        Put("ORT_DISABLE_TELEMETRY", "1", overwrite: true);
        Put("OPENCV_IO_MAX_IMAGE_PIXELS", PictureBounds.MaxPixels.ToString(CultureInfo.InvariantCulture), overwrite: true);
        // these may be set to find a fault
        Put("OPENCV_LOG_LEVEL", "SILENT", overwrite: false);
        Put("OPENCV_FFMPEG_LOGLEVEL", "-8", overwrite: false);
    }

    private static void Put(string name, string value, bool overwrite)
    {
        if (LibC.SetEnvironment(name, value, overwrite ? 1 : 0) != 0)
            throw new OperatingException($"the environment variable {name} could not be set: the process is out of memory");
    }
}
