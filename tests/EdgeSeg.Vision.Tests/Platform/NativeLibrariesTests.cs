using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Platform;

public class NativeLibrariesTests
{
    [Fact]
    public void Searches_the_executables_folder_then_its_runtimes_then_the_system() =>
        Assert.Equal(
            ["/opt/edgeseg/libonnxruntime.so", "/opt/edgeseg/runtimes/linux-arm64/native/libonnxruntime.so", "libonnxruntime.so"],
            NativeLibraries.Candidates(NativeLibraries.Runtime, null, "/opt/edgeseg", "linux-arm64")
        );

    [Fact]
    public void A_configured_path_is_the_only_one_tried() =>
        Assert.Equal(["/srv/ort.so"], NativeLibraries.Candidates(NativeLibraries.Runtime, "/srv/ort.so", "/opt/edgeseg", "linux-x64"));

    [Theory]
    [InlineData("onnxruntime", "onnxruntime")]
    [InlineData("libonnxruntime.so", "onnxruntime")]
    [InlineData("onnxruntime.dll", "onnxruntime")]
    [InlineData("OpenCvSharpExtern", "OpenCvSharpExtern")]
    [InlineData("libc", null)]
    [InlineData("onnxruntime_extensions", null)]
    public void A_library_is_known_by_each_of_its_names(string name, string? library) => Assert.Equal(library, NativeLibraries.Known(name));

    [Fact]
    public void Both_libraries_load_from_the_build_and_work()
    {
        Assert.EndsWith("libonnxruntime.so", NativeLibraries.Require(NativeLibraries.Runtime), StringComparison.Ordinal);
        Assert.EndsWith("libOpenCvSharpExtern.so", NativeLibraries.Require(NativeLibraries.OpenCv), StringComparison.Ordinal);
        Assert.StartsWith("1.", OrtEnv.Instance().GetVersionString(), StringComparison.Ordinal);
        Assert.StartsWith("4.", Cv2.GetVersionString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.31.1", true)]
    [InlineData("1.31.0-rc1", true)]
    [InlineData("1.40.0", true)]
    [InlineData("1.30.2", false)]
    [InlineData("2.0.0", false)]
    [InlineData("", false)]
    public void An_older_runtime_is_refused(string native, bool suffices) =>
        Assert.Equal(suffices, RuntimeVersion.Suffices(native, new Version(1, 31, 1)));

    [Fact]
    public void The_built_version_is_known() => Assert.InRange(RuntimeVersion.Built.Minor, 20, 999);

    [Fact]
    public void A_path_set_after_the_library_was_loaded_is_a_programming_error()
    {
        NativeLibraries.Require(NativeLibraries.Runtime);
        Assert.Throws<InvalidOperationException>(() => NativeLibraries.Configure(NativeLibraries.Runtime, "/srv/ort.so"));
        NativeLibraries.Configure(NativeLibraries.Runtime, "");
    }

    [Fact]
    public void The_reason_is_found_inside_a_failed_type_initialiser()
    {
        var reason = new OperatingException("no library");
        Assert.Same(reason, NativeLibraries.Reason(new TypeInitializationException("X", new DllNotFoundException("y", reason))));
        Assert.Null(NativeLibraries.Reason(new IOException("z")));
    }

    [Theory]
    [InlineData("ORT_DISABLE_TELEMETRY", "1")]
    [InlineData("OPENCV_IO_MAX_IMAGE_PIXELS", "100000000")]
    public void Native_code_sees_the_environment_that_was_set(string name, string value) =>
        Assert.Equal(value, Marshal.PtrToStringUTF8(getenv(name)));

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint getenv([MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}
