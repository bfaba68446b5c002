using System.CommandLine;
using EdgeSeg.Configuration;
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

        if (WithoutName(parsed) is { } fault)
        {
            Fail(fault);
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    // the service handles its signals itself, from the first line on
                    ProcessTerminationTimeout = parsed.CommandResult.Command.Name == RunVerb.Name ? null : TimeSpan.FromSeconds(5),
                }
            );
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Failed;
        }
        catch (StandardOutputException e) when (e.IsReaderGone)
        {
            return ExitCode.Failed;
        }
        catch (Exception e)
        {
            var refusal = Refusal(e);
            // the journal of the service keeps the trace of an error that nobody expected
            var isTraced =
                Environment.GetEnvironmentVariable(SettingsFile.TraceVariable) == "1" || parsed.CommandResult.Command.Name == RunVerb.Name;
            if (refusal is null && isTraced)
                Console.Error.WriteLine(e);
            Fail(refusal?.Message ?? Sentence(e));
            return refusal?.ExitCode ?? ExitCode.Failed;
        }
    }

    /// <summary>An error that no verb expected, as a sentence with a remedy.</summary>
    public static string Sentence(Exception e)
    {
        var cause = e is AggregateException or TypeInitializationException or System.Reflection.TargetInvocationException
            ? e.GetBaseException()
            : e;
        var reason = string.Join(' ', cause.Message.Split('\n', StringSplitOptions.TrimEntries)).TrimEnd('.', ' ');
        return cause switch
        {
            StandardOutputException => reason,
            OutOfMemoryException => "there is not enough memory: close other programs, or give smaller files",
            UnauthorizedAccessException => $"{reason}: give this user the right to do so (chmod, chown), or run it as another user",
            IOException => $"{reason}: check the path, its permissions and the space on its disk",
            _ => $"an error of the program itself: {reason}; run the command again with {SettingsFile.TraceVariable}=1 "
                + "and report what it prints",
        };
    }

    /// <summary>
    /// The message about an option for a file or folder whose value is empty, as an unset variable of a shell gives it. An empty
    /// <c>--config</c> is none.
    /// </summary>
    private static string? WithoutName(ParseResult parsed) =>
        parsed
            .CommandResult.Children.OfType<System.CommandLine.Parsing.OptionResult>()
            .Where(o => o.Option.HelpName is "FILE" or "DIR" && o.Option.Name != "--config" && o.Tokens.Any(t => t.Value.Length == 0))
            .Select(o =>
                $"{o.Option.Name} names no {(o.Option.HelpName == "DIR" ? "folder" : "file")}: give a path or leave the option out"
            )
            .FirstOrDefault();

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
