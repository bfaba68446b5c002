using Xunit;

namespace EdgeSeg.Vision.Platform;

public class MissingLibraryTests
{
    private const string Debian12 = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";
    private const string Ubuntu24 = "ID=ubuntu\nVERSION_ID=\"24.04\"\n";
    private const string NoGtk = "libgtk-3.so.0: cannot open shared object file: No such file or directory";

    private static string Sentence(
        string library,
        string reason,
        string? configured = null,
        string os = Debian12,
        params string[] missing
    ) => MissingLibrary.Describe(library, reason, configured, os, name => !missing.Contains(name)).Message;

    [Theory]
    [InlineData(Debian12, "libgtk-3-0")]
    [InlineData("ID=debian\nVERSION_ID=\"13\"", "libgtk-3-0t64")]
    [InlineData("ID=ubuntu\nVERSION_ID=\"22.04\"", "libgtk-3-0")]
    [InlineData(Ubuntu24, "libgtk-3-0t64")]
    [InlineData("ID=ubuntu\nVERSION_ID=\"23.10\"", "libgtk-3-0")]
    [InlineData("", "libgtk-3-0t64")]
    public void The_package_of_gtk_has_the_name_of_the_system(string osRelease, string package) =>
        Assert.Equal(package, MissingLibrary.Gtk(osRelease));

    [Fact]
    public void A_missing_dependency_names_the_object_and_the_package() =>
        Assert.Equal(
            "OpenCV's library libOpenCvSharpExtern.so needs libgtk-3.so.0, which is not installed: apt-get install libgtk-3-0",
            Sentence(NativeLibraries.OpenCv, NoGtk)
        );

    [Fact]
    public void All_missing_packages_are_named_at_once() =>
        Assert.EndsWith(
            ": apt-get install libatomic1 libdrm2 libgtk-3-0t64",
            Sentence(NativeLibraries.OpenCv, NoGtk, null, Ubuntu24, "libgtk-3.so.0", "libgdk-3.so.0", "libatomic.so.1", "libdrm.so.2"),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_dependency_of_a_configured_library_is_named_too() =>
        Assert.Contains(
            "needs libgomp.so.1",
            Sentence(NativeLibraries.Runtime, "libgomp.so.1: cannot open shared object file: No such file", "/srv/ort.so"),
            StringComparison.Ordinal
        );

    [Fact]
    public void The_packages_of_the_systems_OpenCV_are_named_by_its_release()
    {
        var sentence = Sentence(
            NativeLibraries.OpenCv,
            "libopencv_videoio.so.406: cannot open shared object file: No such file or directory",
            null,
            Debian12,
            "libgtk-3.so.0"
        );
        Assert.Contains(
            "apt-get install libopencv-core406 libopencv-imgcodecs406 libopencv-imgproc406 libopencv-videoio406; "
                + "where this system has another OpenCV, compile",
            sentence,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("gtk", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_outside_the_list_gets_no_package_of_the_list() =>
        Assert.EndsWith(
            "needs liblapack.so.3, which is not installed: install the package that holds it",
            Sentence(
                NativeLibraries.OpenCv,
                "liblapack.so.3: cannot open shared object file: No such file or directory",
                null,
                Debian12,
                "libgtk-3.so.0"
            ),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_missing_library_is_reported_with_the_searched_folders()
    {
        var sentence = Sentence(NativeLibraries.Runtime, "libonnxruntime.so: cannot open shared object file: No such file or directory");
        Assert.Contains(AppContext.BaseDirectory, sentence, StringComparison.Ordinal);
        Assert.Contains("runtime.library", sentence, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', sentence);
    }

    [Fact]
    public void A_configured_path_that_does_not_load_names_its_key() =>
        Assert.StartsWith(
            "ONNX Runtime's library /srv/ort.so, named by runtime.library, does not load",
            Sentence(NativeLibraries.Runtime, "/srv/ort.so: cannot open shared object file: No such file or directory", "/srv/ort.so"),
            StringComparison.Ordinal
        );

    [Fact]
    public void Other_reasons_of_the_loader_are_reported() =>
        Assert.Contains(
            "GLIBC_2.38",
            Sentence(NativeLibraries.Runtime, "/lib/libc.so.6: version `GLIBC_2.38' not found (required by /x/libonnxruntime.so)"),
            StringComparison.Ordinal
        );
}
