using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OpenCvSharp;

namespace EdgeSeg.Vision.Platform;

/// <summary>
/// Where the native libraries load from: a configured path; else the executable's folder, then its <c>runtimes/RID/native</c> (of a plain
/// build); else the system's loader. A configured path that does not load is an error and not skipped, since another version would be used
/// instead. Each library is loaded once and kept.
/// </summary>
internal static class NativeLibraries
{
    public const string Runtime = "onnxruntime";
    public const string OpenCv = "OpenCvSharpExtern";

    private static readonly Lock gate = new();
    private static readonly Dictionary<string, string> configured = [];
    private static readonly Dictionary<string, (nint Handle, string Path)> loaded = [];
    private static bool prepared,
        resolvesOpenCv;

    /// <summary>
    /// For programs that use the library and do not call <see cref="Prepare"/>: compiled to native code, they find OpenCV's library beside
    /// the executable only by a resolver. Such a program runs module initialisers before its <c>Main</c>; with a JIT, nothing is changed.
    /// </summary>
#pragma warning disable CA2255 // an initialiser is the only code of a library that runs before a program's first call of OpenCvSharp
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void ResolveOpenCvInNativePrograms()
    {
        if (RuntimeFeature.IsDynamicCodeSupported)
            return;
        lock (gate)
        {
            resolvesOpenCv = true;
            NativeLibrary.SetDllImportResolver(typeof(Cv2).Assembly, Resolve);
        }
    }

    /// <summary>
    /// Sets the environment of the native libraries, and makes <see cref="Resolve"/> the resolver of all assemblies that call native code.
    /// Loads none. The first call of <c>Main</c>, before any of their types is used; repeated calls have no effect.
    /// </summary>
    public static void Prepare()
    {
        ProcessEnvironment.Set();
        lock (gate)
        {
            if (prepared)
                return;
            prepared = true;
            OrtEnv.DisableDllImportResolver = true;
            NativeLibrary.SetDllImportResolver(typeof(OrtEnv).Assembly, Resolve);
            if (!resolvesOpenCv)
                NativeLibrary.SetDllImportResolver(typeof(Cv2).Assembly, Resolve);
            resolvesOpenCv = true;
            NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);
        }
    }

    /// <summary>
    /// Sets <c>runtime.library</c> or <c>runtime.opencv_library</c>; null or empty: the search is unchanged. Call it before the first use.
    /// </summary>
    public static void Configure(string library, string? path)
    {
        if (string.IsNullOrEmpty(path))
            return;
        lock (gate)
        {
            if (configured.TryGetValue(library, out var already) && already == Path.GetFullPath(path))
                return;
            if (loaded.ContainsKey(library))
                throw new InvalidOperationException($"{library} is loaded already");
            configured[library] = Path.GetFullPath(path);
        }
    }

    /// <summary>
    /// Loads a library now and returns its path: a missing one is reported by a clear message instead of a failed type initialiser.
    /// </summary>
    /// <exception cref="OperatingException">It does not load; the reason, and the package to install.</exception>
    public static string Require(string library)
    {
        lock (gate)
            return Load(library).Path;
    }

    /// <summary>
    /// The operating error inside an exception of the runtime (a failed type initialiser wraps it); null when there is none.
    /// </summary>
    public static OperatingException? Reason(Exception e)
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is OperatingException reason)
                return reason;
        }

        return null;
    }

    /// <summary>Files to try in order; the system's loader looks the last one, a bare name, up.</summary>
    internal static string[] Candidates(string library, string? configured, string baseFolder, string rid)
    {
        var file = $"lib{library}.so";
        return string.IsNullOrEmpty(configured)
            ? [Path.Combine(baseFolder, file), Path.Combine(baseFolder, "runtimes", rid, "native", file), file]
            : [configured];
    }

    /// <summary>
    /// <c>onnxruntime</c>, <c>libonnxruntime.so</c> and <c>onnxruntime.dll</c> are one library; null: not one of those resolved here.
    /// </summary>
    internal static string? Known(string name)
    {
        var bare = name.StartsWith("lib", StringComparison.Ordinal) ? name[3..] : name;
        foreach (var library in (ReadOnlySpan<string>)[Runtime, OpenCv])
        {
            if (bare == library || bare == library + ".so" || bare == library + ".dll")
                return library;
        }

        return null;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (Known(name) is not { } library)
            return 0;
        lock (gate)
            return Load(library).Handle;
    }

    private static (nint Handle, string Path) Load(string library)
    {
        if (loaded.TryGetValue(library, out var known))
            return known;
        var wanted = configured.GetValueOrDefault(library) ?? Environment.GetEnvironmentVariable(Variable(library));
        var reasons = new List<string>();
        foreach (var path in Candidates(library, wanted, AppContext.BaseDirectory, RuntimeInformation.RuntimeIdentifier))
        {
            if (Path.IsPathRooted(path) && !File.Exists(path) && string.IsNullOrEmpty(wanted))
                continue;
            // the first call of dlerror binds it through the loader, which clears the reason: so it is called once before
            _ = LibC.LibraryError();
            var handle = LibC.OpenLibrary(path, LibC.LazyBinding);
            if (handle != 0)
            {
                if (library == Runtime)
                    RuntimeVersion.Check(handle, path);
                return loaded[library] = (handle, path);
            }

            reasons.Add(Marshal.PtrToStringUTF8(LibC.LibraryError()) ?? $"{path}: no reason given");
        }

        // the reason of an existing file is more useful than the system's "not found" after it
        if (!prepared)
            throw new DllNotFoundException(reasons[0]);
        throw MissingLibrary.Describe(library, reasons[0], wanted);
    }

    /// <summary>The environment variable that overrides the configuration's key.</summary>
    private static string Variable(string library) => library == Runtime ? "EDGESEG_RUNTIME__LIBRARY" : "EDGESEG_RUNTIME__OPENCV_LIBRARY";
}
