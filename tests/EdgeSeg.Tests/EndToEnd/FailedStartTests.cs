using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary><c>edgeseg run</c> where a start fails, as systemd would start it again and again.</summary>
public sealed class FailedStartTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly TcpListener other = new(IPAddress.Loopback, 0);

    public FailedStartTests() => other.Start();

    private string Config(string more) =>
        scratch.Write(
            "edgeseg.toml",
            Encoding.UTF8.GetBytes(
                $"""
                device = "robot-7"
                state_dir = "{scratch.Path}/state"
                {more}
                [[camera]]
                id = "front"
                uri = "test:?w=320&h=240&fps=5"
                """
            )
        );

    /// <summary>Replaced as a whole, so that no reader sees a part of it.</summary>
    private void WriteCount(int count)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        File.Move(
            scratch.Write("failed-starts.new", Encoding.UTF8.GetBytes($"{count} {now}")),
            Path.Combine(scratch.Path, "failed-starts"),
            overwrite: true
        );
    }

    private Process Start(string config)
    {
        var start = Published.Start(Published.Binary, ["run", "--config", config]);
        start.Environment["RUNTIME_DIRECTORY"] = start.Environment["CREDENTIALS_DIRECTORY"] = scratch.Path;
        return Process.Start(start)!;
    }

    [Fact]
    public async Task A_broker_beside_it_on_its_port_is_named_with_the_remedy_and_the_second_start_waits()
    {
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var config = Config($"[mqtt]\nport = {port}");
        using (var first = Start(config))
        {
            var said = await first.StandardError.ReadToEndAsync();
            await first.WaitForExitAsync();
            Assert.Equal(1, first.ExitCode);
            Assert.Contains($"127.0.0.1 port {port}: another program listens there already", said, StringComparison.Ordinal);
            Assert.Contains("set mqtt.host = \"127.0.0.1\"", said, StringComparison.Ordinal);
            Assert.DoesNotContain("in a row", said, StringComparison.Ordinal);
        }

        // as after many failures: the longest wait, which a signal ends. The count is of now when the program reads it, however slow
        // its start: it is written again and again until then
        using var stop = new CancellationTokenSource();
        var counts = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                WriteCount(40);
                await Task.Delay(500);
            }
        });
        using var again = Start(config);
        var lines = new List<string>();
        while (await again.StandardError.ReadLineAsync() is { } line)
        {
            lines.Add(line);
            if (line.Contains("in a row", StringComparison.Ordinal))
                break;
        }

        await stop.CancelAsync();
        await counts;
        Assert.Contains("41 starts in a row have failed; the next one follows in 60 s", lines[^1], StringComparison.Ordinal);
        Assert.False(again.HasExited, "the process waits");
        Assert.Equal(0, Signals.Send(again.Id, Signals.Terminate));
        await again.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(Wait.LimitS)).Token);
        Assert.Equal(1, again.ExitCode);
    }

    [Fact]
    public async Task A_secret_whose_credentials_are_missing_is_named()
    {
        var config = Config("[mqtt]\nhost = \"127.0.0.1\"\nusername = \"robot-7\"\npassword_file = \"cred:secret_mqtt\"");
        using var process = Start(config);
        var said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.NotEqual(0, process.ExitCode);
        Assert.Contains("secret_mqtt", said, StringComparison.Ordinal);
        Assert.Contains("/etc/edgeseg/credentials/mqtt", said, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        other.Dispose();
        scratch.Dispose();
    }
}
