using System.Reflection;

namespace EdgeSeg.Platform;

/// <summary>The version of this program, as the build stamps it.</summary>
internal static class ProgramVersion
{
    /// <summary>Semantic version with the source revision after a plus sign; 0.0.0 when the build stamped none.</summary>
    public static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
}
