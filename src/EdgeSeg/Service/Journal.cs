using EdgeSeg.Configuration;

namespace EdgeSeg.Service;

/// <summary>
/// The service's log for people: lines on standard error, with systemd's priority mark where the journal reads it.
/// At most <see cref="ServiceLimits.JournalLinesPerMinute"/> lines a minute; suppressed lines are counted. Never called for a frame.
/// </summary>
internal sealed class Journal(LogLevel least, TimeProvider time, TextWriter? output = null)
{
    private readonly TextWriter output = output ?? Console.Error;
    private readonly bool marked = output is null && Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null;
    private readonly Lock gate = new();
    private long minuteBegan = time.GetTimestamp();
    private int lines,
        heldBack;

    public void Info(string line) => Write(LogLevel.Info, line);

    public void Warning(string line) => Write(LogLevel.Warning, line);

    public void Error(string line) => Write(LogLevel.Error, line);

    public void Write(LogLevel level, string line)
    {
        if (level < least)
            return;
        lock (gate)
        {
            if (time.GetElapsedTime(minuteBegan) >= TimeSpan.FromMinutes(1))
            {
                if (heldBack > 0)
                    Put(LogLevel.Warning, $"{heldBack} lines were suppressed in the last minute (limit reached)");
                (minuteBegan, lines, heldBack) = (time.GetTimestamp(), 0, 0);
            }

            if (lines++ < ServiceLimits.JournalLinesPerMinute)
                Put(level, line);
            else
                heldBack++;
        }
    }

    private void Put(LogLevel level, string line) => output.WriteLine($"{(marked ? Mark(level) : "")}{line.ReplaceLineEndings(" ")}");

    /// <summary>The priority of sd-daemon(3).</summary>
    private static string Mark(LogLevel level) =>
        level switch
        {
            LogLevel.Debug => "<7>",
            LogLevel.Info => "<6>",
            LogLevel.Warning => "<4>",
            LogLevel.Error => "<3>",
            _ => throw new ArgumentOutOfRangeException(nameof(level)),
        };
}
