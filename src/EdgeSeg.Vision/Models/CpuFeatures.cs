namespace EdgeSeg.Vision.Models;

/// <summary>The precision that is fastest on this processor.</summary>
internal static class CpuFeatures
{
    // /proc/cpuinfo instead of the runtime's IsSupported: an AOT binary folds those for its build target
    private static readonly string[] dotProducts = ["avx512_vnni", "avx_vnni", "avx_vnni_int8", "asimddp", "i8mm"];

    /// <summary>
    /// Chooses between the precisions of a bundle. <paramref name="wanted"/> is <c>auto</c>, <c>fp32</c> or <c>int8</c>.
    /// int8 gains where the processor has 8-bit dot products (x86 VNNI, ARM dotprod); without them it costs time or, on x86, saturates.
    /// </summary>
    /// <returns>The precision and, for a person, why.</returns>
    public static (string Precision, string Why) Choose(string wanted, IEnumerable<string> available, string cpuInfo)
    {
        var has = available.ToList();
        if (wanted != "auto")
            return (wanted, "set by model.precision");
        if (has.Count == 1)
            return (has[0], "the only one in the bundle");
        var feature = DotProduct(cpuInfo);
        return feature is null ? ("fp32", "this CPU has no 8-bit dot product (VNNI, dotprod)") : ("int8", $"this CPU has {feature}");
    }

    /// <summary>The kernel's description of the processor, with its flags; empty where it cannot be read.</summary>
    public static string ReadCpuInfo()
    {
        try
        {
            return File.ReadAllText("/proc/cpuinfo");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string? DotProduct(string cpuInfo)
    {
        foreach (var line in cpuInfo.AsSpan().EnumerateLines())
        {
            if (!line.StartsWith("flags") && !line.StartsWith("Features"))
                continue;
            var flags = line[(line.IndexOf(':') + 1)..].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return Array.Find(dotProducts, flags.Contains);
        }

        return null;
    }
}
