using System.Diagnostics;
using System.Globalization;

namespace EdgeSeg.Cli;

/// <summary>One line of progress on standard error; silent when that is not a terminal.</summary>
internal sealed class ProgressBar(string what) : IDisposable
{
    private const int Width = 30,
        Rest = 48;
    private static readonly TimeSpan interval = TimeSpan.FromMilliseconds(100);

    private readonly bool visible = !Console.IsErrorRedirected;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private TimeSpan shown;
    private bool drawn;

    public void Show(int done, int total)
    {
        if (!visible || (done < total && drawn && clock.Elapsed - shown < interval))
            return;
        shown = clock.Elapsed;
        drawn = true;
        var filled = total == 0 ? Width : Width * done / total;
        var left = done == 0 ? TimeSpan.Zero : clock.Elapsed * ((double)(total - done) / done);
        var bar = new string('#', filled) + new string('.', Width - filled);
        // spaces at the end cover what a longer time left there
        Console.Error.Write($"\r{what} [{bar}] {done}/{total}  {Text(left)} left   ");
    }

    /// <summary>M:SS, from one hour on H:MM:SS.</summary>
    public static string Text(TimeSpan time) =>
        time.TotalHours < 1
            ? time.ToString("m\\:ss", CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours}:{time:mm\\:ss}");

    public void Dispose()
    {
        if (drawn)
            Console.Error.Write($"\r{new string(' ', what.Length + Width + Rest)}\r");
    }
}
