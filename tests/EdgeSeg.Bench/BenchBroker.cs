using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EdgeSeg.Bench;

/// <summary>A mosquitto of a benchmark's own, on a free loopback port.</summary>
internal sealed class BenchBroker : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("edgeseg-fleet-");
    private readonly Process process;

    private BenchBroker(int connections)
    {
        Port = FreePort();
        var file = Path.Combine(folder.FullName, "mosquitto.conf");
        File.WriteAllText(file, $"listener {Port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_connections {connections}\n");
        var start = new ProcessStartInfo("/usr/sbin/mosquitto", ["-c", file])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        process = Process.Start(start)!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    public int Port { get; }

    /// <summary>Processor time so far, of all cores.</summary>
    public TimeSpan Cpu
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public double MiB
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64 / 1048576.0;
        }
    }

    public static async Task<BenchBroker> StartAsync(int connections)
    {
        var broker = new BenchBroker(connections);
        for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since).TotalSeconds < 30; await Task.Delay(20))
        {
            try
            {
                using var socket = new TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, broker.Port);
                return broker;
            }
            catch (SocketException)
            {
                // not yet listening
            }
        }

        await broker.DisposeAsync();
        throw new InvalidOperationException("mosquitto does not answer within 30 s");
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        folder.Delete(recursive: true);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
