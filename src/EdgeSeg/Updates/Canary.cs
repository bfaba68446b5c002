using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>The program of a canary run, and the settings under which a model would serve.</summary>
internal sealed record CanaryOptions
{
    /// <summary>The program and the arguments before its verb; null: this program.</summary>
    public IReadOnlyList<string>? Program { get; init; }

    public int TimeoutMs { get; init; } = UpdateLimits.CanaryMs;

    /// <summary>Arguments for precision, threads and providers.</summary>
    public IReadOnlyList<string> ModelArguments { get; init; } = [];
}

/// <summary>
/// Tries a bundle in a process of its own (<c>edgeseg canary</c>), so that a model which crashes, hangs or uses up the memory harms nothing
/// else. The kernel ends the child first when memory is short; it has a memory limit and none of the service's sockets and credentials.
/// </summary>
internal sealed class Canary(CanaryOptions options) : ICanary
{
    /// <summary>Returns the measurements of a bundle that passed.</summary>
    /// <param name="folder">The bundle to try.</param>
    /// <param name="reference">The bundle in use.</param>
    /// <param name="terms">What it must show.</param>
    /// <param name="cancel">Ends the child.</param>
    /// <exception cref="UpdateException">It did not pass.</exception>
    public async Task<CanaryResult> RunAsync(string folder, string reference, CanaryTerms terms, CancellationToken cancel)
    {
        using var child = Start(folder, reference, terms);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(options.TimeoutMs);
        var errors = child.StandardError.ReadToEndAsync(cancel);
        string output;
        try
        {
            output = await ReadAsync(child.StandardOutput, limit.Token);
            await child.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            child.Kill(entireProcessTree: true);
            await child.WaitForExitAsync(CancellationToken.None);
            cancel.ThrowIfCancellationRequested();
            throw new UpdateException(UpdateReason.CanaryHung, $"the canary run did not end within {options.TimeoutMs / 1000} s");
        }

        if (Parse(output) is not { } result)
        {
            var last = (await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "";
            var why = last.Length > 0 ? $": {last[..Math.Min(last.Length, 200)]}" : "";
            throw new UpdateException(
                UpdateReason.CanaryCrashed,
                $"the canary process ended with code {child.ExitCode} and no result{why}"
            );
        }

        return result.Reason is { } reason ? throw new UpdateException(reason, result.Text) : result;
    }

    private Process Start(string folder, string reference, CanaryTerms terms)
    {
        var program = options.Program ?? [Environment.ProcessPath ?? throw new InvalidOperationException("this process has no path")];
        string Number(double n) => n.ToString("R", CultureInfo.InvariantCulture);
        string[] words =
        [
            .. program.Skip(1),
            "canary",
            folder,
            "--against",
            reference,
            "--cases",
            terms.Cases,
            "--min-iou",
            Number(terms.MinIou),
            "--max-latency-ratio",
            Number(terms.MaxLatencyRatio),
            "--max-memory-mib",
            Number(terms.MaxMemoryMib),
            .. options.ModelArguments,
        ];
        var start = new ProcessStartInfo(program[0], words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        string[] serviceVariables = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "CREDENTIALS_DIRECTORY", "LISTEN_FDS", "LISTEN_PID"];
        foreach (var name in serviceVariables)
            start.Environment.Remove(name);
        try
        {
            var child = Process.Start(start)!;
            child.StandardInput.Close();
            return child;
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw new UpdateException(UpdateReason.CanaryCrashed, $"the canary process does not start ({e.Message})", retry: true);
        }
    }

    private static async Task<string> ReadAsync(StreamReader output, CancellationToken cancel)
    {
        var buffer = new char[UpdateLimits.MaxCanaryResultBytes];
        var length = 0;
        while (length < buffer.Length && await output.ReadAsync(buffer.AsMemory(length), cancel) is var read and > 0)
            length += read;
        return new string(buffer, 0, length);
    }

    private static CanaryResult? Parse(string output)
    {
        try
        {
            return JsonSerializer.Deserialize(output, UpdateJson.Default.CanaryResult);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
