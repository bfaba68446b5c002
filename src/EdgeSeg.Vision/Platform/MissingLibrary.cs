using System.Runtime.InteropServices;

namespace EdgeSeg.Vision.Platform;

/// <summary>The message for a native library that does not load: which, why, and what to install.</summary>
internal static class MissingLibrary
{
    private const string NotFound = ": cannot open shared object file";

    /// <summary>
    /// Shared objects that OpenCV's and ONNX Runtime's libraries link, and their Debian packages; GTK's package depends on those of pango,
    /// cairo and glib. build/opencv-packages.txt has the same packages.
    /// </summary>
    internal static readonly (string Object, string Package)[] packages =
    [
        ("libgtk-3.so.0", "libgtk-3-0"),
        ("libgdk-3.so.0", "libgtk-3-0"),
        ("libpango", "libgtk-3-0"),
        ("libatk-1.0", "libgtk-3-0"),
        ("libcairo", "libgtk-3-0"),
        ("libgdk_pixbuf", "libgtk-3-0"),
        ("libgio-2.0", "libgtk-3-0"),
        ("libgobject-2.0", "libgtk-3-0"),
        ("libglib-2.0", "libgtk-3-0"),
        ("libharfbuzz.so.0", "libharfbuzz0b"),
        ("libfreetype.so.6", "libfreetype6"),
        ("libdrm.so.2", "libdrm2"),
        ("libatomic.so.1", "libatomic1"),
        ("libX11.so.6", "libx11-6"),
        ("libgomp.so.1", "libgomp1"),
        ("libstdc++.so.6", "libstdc++6"),
        ("libgcc_s.so.1", "libgcc-s1"),
    ];

    private const string SystemOpenCv = "libopencv_";

    private static readonly string[] systemParts = ["core", "imgcodecs", "imgproc", "videoio"];

    /// <param name="library">One of <see cref="NativeLibraries"/>' names.</param>
    /// <param name="reason">dlerror's text.</param>
    /// <param name="configured">The configured path; null: none.</param>
    public static OperatingException Describe(string library, string reason, string? configured) =>
        Describe(library, reason, configured, ReadOsRelease(), Loads);

    internal static OperatingException Describe(
        string library,
        string reason,
        string? configured,
        string osRelease,
        Func<string, bool> loads
    )
    {
        var (what, key) = library == NativeLibraries.Runtime ? ("ONNX Runtime", "runtime.library") : ("OpenCV", "runtime.opencv_library");
        var file = $"lib{library}.so";
        var lacking = Lacking(reason);
        if (lacking is not null && Path.GetFileName(lacking) != file && (configured is null || lacking != configured))
        {
            // the small library for arm64 is bound to the OpenCV that it was compiled against: libopencv_core.so.406 is in
            // libopencv-core406
            if (lacking.StartsWith(SystemOpenCv, StringComparison.Ordinal))
            {
                var release = lacking[(lacking.IndexOf(".so.", StringComparison.Ordinal) + ".so.".Length)..];
                return new OperatingException(
                    $"{what}'s library {file} needs {lacking}, which is not installed: apt-get install "
                        + string.Join(' ', systemParts.Select(part => $"libopencv-{part}{release}"))
                        + "; where this system has another OpenCV, "
                        + $"compile {file} against that (/usr/share/doc/edgeseg/README.Debian)"
                );
            }

            var install = Packages(lacking, library, osRelease, loads);
            return new OperatingException(
                install.Count > 0
                    ? $"{what}'s library {file} needs {lacking}, which is not installed: apt-get install {string.Join(' ', install)}"
                    : $"{what}'s library {file} needs {lacking}, which is not installed: install the package that holds it"
            );
        }

        if (!string.IsNullOrEmpty(configured))
            return new OperatingException(
                $"{what}'s library {configured}, named by {key}, does not load ({OneLine(reason)}): correct {key}, "
                    + "or remove it to use the one beside edgeseg"
            );
        return lacking is not null
            ? new OperatingException(
                $"{what}'s library {file} is neither beside edgeseg in {AppContext.BaseDirectory} nor known to the system: "
                    + $"install the edgeseg package or copy the whole published folder again, or name the file with {key}"
            )
            : new OperatingException(
                $"{what}'s library {file} does not load ({OneLine(reason)}): install the edgeseg package that was built for this system"
            );
    }

    /// <summary>
    /// The sentence for a program that uses the library package and lacks native code; null when <paramref name="e"/> has another cause.
    /// </summary>
    public static string? InOrdinaryUse(Exception e)
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is DllNotFoundException)
                return $"a native library does not load ({OneLine(inner.Message)}): "
                    + "add the package OpenCvSharp4.official.runtime.linux-x64 (or that of your system), and install what it needs";
        }

        return null;
    }

    /// <summary>The shared object that the loader's message names as missing; null for other messages.</summary>
    internal static string? Lacking(string reason)
    {
        var end = reason.IndexOf(NotFound, StringComparison.Ordinal);
        if (end < 0)
            return null;
        var start = reason.LastIndexOf(' ', end) + 1;
        return reason[start..end];
    }

    /// <summary>
    /// The loader names only the first missing object; this names the packages of all, so that one installation is enough.
    /// </summary>
    private static SortedSet<string> Packages(string lacking, string library, string osRelease, Func<string, bool> loads)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        // a library other than the published one needs other packages
        if (!packages.Any(p => lacking.StartsWith(p.Object, StringComparison.Ordinal)))
            return found;
        foreach (var (name, package) in packages)
        {
            var named = lacking.StartsWith(name, StringComparison.Ordinal);
            var missing =
                library == NativeLibraries.OpenCv
                && name.Contains(".so", StringComparison.Ordinal)
                && name != "libgomp.so.1"
                && !loads(name);
            if (named || missing)
                found.Add(package == "libgtk-3-0" ? Gtk(osRelease) : package);
        }

        return found;
    }

    /// <summary>The package of GTK 3: it was renamed with the 64-bit time_t, in Ubuntu 24.04 and Debian 13.</summary>
    internal static string Gtk(string osRelease)
    {
        string? id = null,
            version = null;
        foreach (var line in osRelease.Split('\n'))
        {
            if (line.StartsWith("ID=", StringComparison.Ordinal))
                id = line[3..].Trim('"', ' ', '\r');
            if (line.StartsWith("VERSION_ID=", StringComparison.Ordinal))
                version = line[11..].Trim('"', ' ', '\r');
        }

        var major = int.TryParse(version?.Split('.')[0], out var n) ? n : int.MaxValue;
        return (id is "debian" or "raspbian" && major < 13) || (id == "ubuntu" && major < 24) ? "libgtk-3-0" : "libgtk-3-0t64";
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();

    private static bool Loads(string name)
    {
        if (!NativeLibrary.TryLoad(name, out var handle))
            return false;
        NativeLibrary.Free(handle);
        return true;
    }

    private static string ReadOsRelease()
    {
        try
        {
            return File.ReadAllText("/etc/os-release");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
