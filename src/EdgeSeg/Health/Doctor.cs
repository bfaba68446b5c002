using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Health;

/// <summary>
/// Runs the checks of everything that the service needs, one after the other, and writes a table. A failed check does not end the others.
/// </summary>
internal static class Doctor
{
    private const string Arrow = "-> ";

    /// <summary>
    /// A named check whose function returns its finding, or throws an <see cref="OperatingException"/> with reason and remedy.
    /// </summary>
    public static (string Name, Func<Check> Look) Of(string name, Func<string> look) => (name, () => Check.Ok(name, look()));

    public static IReadOnlyList<Check> Examine(IEnumerable<(string Name, Func<Check> Look)> looks) =>
        [.. looks.Select(l => Examine(l.Name, l.Look))];

    /// <summary>0 unless a check failed; warnings are not failures.</summary>
    public static int ExitCode(IEnumerable<Check> checks) => checks.Any(c => c.State == CheckState.Failed) ? 1 : 0;

    /// <summary>A line per check in aligned columns (state, name, finding), the remedy below it, and a last line that counts.</summary>
    public static void Write(TextWriter output, IReadOnlyList<Check> checks)
    {
        var states = checks.Select(c => Word(c.State).Length).DefaultIfEmpty().Max();
        var names = checks.Select(c => c.Name.Length).DefaultIfEmpty().Max();
        var indent = new string(' ', states + names + 4);
        foreach (var check in checks)
        {
            output.WriteLine($"{Word(check.State).PadRight(states)}  {check.Name.PadRight(names)}  {check.Finding}");
            if (check.Remedy.Length > 0)
                output.WriteLine($"{indent}{Arrow}{check.Remedy}");
        }

        int Count(CheckState state) => checks.Count(c => c.State == state);
        var warnings = Count(CheckState.Warning);
        output.WriteLine(
            $"{Count(CheckState.Ok)} ok, {warnings} {(warnings == 1 ? "warning" : "warnings")}, {Count(CheckState.Failed)} failed"
        );
    }

    private static Check Examine(string name, Func<Check> look)
    {
        try
        {
            return look();
        }
        catch (Exception e)
        {
            // the message of an operating error holds its remedy
            return NativeLibraries.Reason(e) is { } reason
                ? Check.Failed(name, reason.Message, "")
                : Check.Failed(name, $"could not be checked: {e.Message.ReplaceLineEndings(" ")}", "");
        }
    }

    private static string Word(CheckState state) =>
        state switch
        {
            CheckState.Ok => "ok",
            CheckState.Warning => "warning",
            _ => "failed",
        };
}
