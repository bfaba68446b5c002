using System.Diagnostics;

namespace EdgeSeg.Cli;

/// <summary>One line of progress on standard error; silent when that is not a terminal.</summary>
internal sealed class ProgressBar(string what) : IDisposable
{
    private const int Width = 30;
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
        Console.Error.Write($"\r{what} [{new string('#', filled)}{new string('.', Width - filled)}] {done}/{total}  {left:m\\:ss} left ");
    }

    public void Dispose()
    {
        if (drawn)
            Console.Error.Write($"\r{new string(' ', what.Length + Width + 40)}\r");
    }
}
