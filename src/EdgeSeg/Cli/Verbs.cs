using System.CommandLine;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary>
/// The verbs of <c>edgeseg</c>, and the one place where an error becomes a sentence and an exit code (0 ok, 1 failed, 2 bad usage or
/// configuration).
/// </summary>
internal static class Verbs
{
    private static readonly Func<Command>[] verbs =
    [
        RunVerb.Create,
        DemoVerb.Create,
        SegmentVerb.Create,
        AnnotateVerb.Create,
        EvalVerb.Create,
        BenchVerb.Create,
        InfoVerb.Create,
        DoctorVerb.Create,
        SamplesVerb.Create,
        RetireVerb.Create,
        ModelVerb.Create,
        CanaryVerb.Create,
#if FAILPOINTS
        UpdateDrillVerb.Create,
#endif
    ];

    public static RootCommand Root()
    {
        var root = new RootCommand(
            "Finds and segments objects in camera frames on the device, and publishes their masks over MQTT.\n\nExit codes: 0 "
                + "ok, 1 failed, 2 bad usage or configuration."
        );
        foreach (var create in verbs)
            root.Subcommands.Add(create());
        return root;
    }

    public static async Task<int> RunAsync(string[] args)
    {
        var parsed = Root().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                Fail(error.Message);
            Console.Error.WriteLine($"See: edgeseg {Words(parsed.CommandResult)}--help");
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(5) }
            );
        }
        catch (Exception e) when (Refusal(e) is { } refusal)
        {
            Fail(refusal.Message);
            return refusal.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Failed;
        }
    }

    /// <summary>The words that lead to a verb: "model pack ".</summary>
    private static string Words(System.CommandLine.Parsing.CommandResult verb) =>
        verb.Command is RootCommand
            ? ""
            : (verb.Parent is System.CommandLine.Parsing.CommandResult parent ? Words(parent) : "") + verb.Command.Name + " ";

    /// <summary>Null for an error of the program itself, which is not expected.</summary>
    public static OperatingException? Refusal(Exception e) =>
        // a native library that is missing surfaces inside the static constructor of its wrapper
        e is TypeInitializationException
            ? e.GetBaseException() as OperatingException
            : e as OperatingException;

    /// <summary>One line on standard error.</summary>
    public static void Fail(string message) => Console.Error.WriteLine($"edgeseg: {message}");
}
