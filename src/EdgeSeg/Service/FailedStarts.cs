using System.Globalization;
using EdgeSeg.Platform;

namespace EdgeSeg.Service;

/// <summary>
/// Spaces out starts that fail one after another under systemd. systemd restarts at a fixed short interval (growing intervals exist from
/// version 254 on, Debian 12 has 252), so a start that keeps failing waits before it ends. The count is kept in
/// <c>$RUNTIME_DIRECTORY</c>, which systemd keeps over restarts and removes at a stop. Without that folder nothing is counted and nothing
/// waits, so a start by hand fails at once. One thread.
/// </summary>
/// <param name="folder">Null: no service manager gave one.</param>
/// <param name="time">The clock that ends of starts are stamped with.</param>
internal sealed class FailedStarts(string? folder, TimeProvider time)
{
    private const int FirstWaitMs = 2_000;

    private readonly string? file = folder is null ? null : Path.Combine(folder, "failed-starts");

    /// <summary>The folder is the first of <c>$RUNTIME_DIRECTORY</c>.</summary>
    public static FailedStarts FromEnvironment(TimeProvider time)
    {
        var folders = Environment.GetEnvironmentVariable("RUNTIME_DIRECTORY");
        return new FailedStarts(string.IsNullOrEmpty(folders) ? null : folders.Split(':')[0], time);
    }

    /// <summary>Starts in a row that failed; 0: none, or the last one is too long ago to have been followed by a restart.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// Counts a failed start. Returns how long to wait before the process ends: nothing the first time, so that
    /// <c>systemctl start</c> reports it at once, then 2 s, doubled each time, at most <see cref="ServiceLimits.FailedStartWaitS"/>.
    /// </summary>
    public TimeSpan Add()
    {
        if (file is null)
            return TimeSpan.Zero;
        Count = Former() + 1;
        Write();
        return Count == 1 ? TimeSpan.Zero : Backoff.FullWait(FirstWaitMs, ServiceLimits.FailedStartWaitS * 1000, Count - 2);
    }

    /// <summary>The process ends now: a restart by the service manager follows soon, one by a person later.</summary>
    public void Ended() => Write();

    /// <summary>A start succeeded: the next failure is the first again.</summary>
    public void Clear()
    {
        Count = 0;
        try
        {
            if (file is not null)
                File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // a count that stays delays a later failed start by seconds
        }
    }

    private int Former()
    {
        try
        {
            var parts = File.ReadAllText(file!).Split(' ');
            if (parts is not [var count, var unixMs])
                return 0;
            var ended = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(unixMs, NumberStyles.None, CultureInfo.InvariantCulture));
            var age = time.GetUtcNow() - ended;
            return age >= TimeSpan.Zero && age <= TimeSpan.FromSeconds(ServiceLimits.RestartFollowsS)
                ? int.Parse(count, NumberStyles.None, CultureInfo.InvariantCulture)
                : 0;
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or FormatException or OverflowException or ArgumentException)
        {
            return 0;
        }
    }

    private void Write()
    {
        if (file is null || Count == 0)
            return;
        try
        {
            File.WriteAllText(file, string.Create(CultureInfo.InvariantCulture, $"{Count} {time.GetUtcNow().ToUnixTimeMilliseconds()}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // without a count the next failed start does not wait
        }
    }
}
