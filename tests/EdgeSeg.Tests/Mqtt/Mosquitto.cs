using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EdgeSeg.Mqtt;

/// <summary>
/// A real mosquitto of a test's own, on a free loopback port. The port stays the same over <see cref="Kill"/> and <see cref="StartAsync"/>.
/// </summary>
internal sealed class Mosquitto : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-mosquitto").FullName;
    private readonly string program;
    private readonly string extra;
    private Process? process;

    private Mosquitto(string program, string extra) => (this.program, this.extra) = (program, extra);

    public int Port { get; } = FreePort();

    /// <summary>
    /// Starts one, or skips the test with the reason where mosquitto is not installed. <paramref name="extra"/>: further lines of its
    /// configuration.
    /// </summary>
    public static async Task<Mosquitto> StartOrSkipAsync(string extra = "")
    {
        var program = new[] { "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto" }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "mosquitto is not installed (Debian package mosquitto)");
        var broker = new Mosquitto(program!, extra);
        await broker.StartAsync();
        return broker;
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async Task StartAsync()
    {
        var file = Path.Combine(folder, "mosquitto.conf");
        await File.WriteAllTextAsync(file, $"listener {Port} 127.0.0.1\nallow_anonymous true\npersistence false\n{extra}\n");
        process = Process.Start(
            new ProcessStartInfo(program, ["-c", file]) { RedirectStandardError = true, RedirectStandardOutput = true }
        )!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        await Wait.UntilAsync(Answers, $"mosquitto answers on port {Port}");
    }

    /// <summary>kill -9: no DISCONNECT is sent.</summary>
    public void Kill()
    {
        if (process is null)
            return;
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        process = null;
    }

    public ValueTask DisposeAsync()
    {
        Kill();
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private bool Answers()
    {
        if (process!.HasExited)
            throw new InvalidOperationException($"mosquitto ended with {process.ExitCode}");
        try
        {
            using var socket = new TcpClient();
            socket.Connect(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

/// <summary>
/// Waiting for something that another thread or process does: looks again and again, and fails by name when it does not come.
/// </summary>
internal static class Wait
{
    public const int LimitS = 120;

    public static async Task UntilAsync(Func<bool> condition, string what, int limitS = LimitS)
    {
        var since = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(since).TotalSeconds > limitS)
                Assert.Fail($"within {limitS} s it did not come that {what}");
            await Task.Delay(5);
        }
    }
}
