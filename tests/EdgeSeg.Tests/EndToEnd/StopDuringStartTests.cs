using System.Diagnostics;
using System.Globalization;
using EdgeSeg.Mqtt;
using Xunit;

namespace EdgeSeg.EndToEnd;

/// <summary>Signals in every phase of a start of <c>edgeseg run</c>: a stop is an ordered one, and a reload ends nothing.</summary>
public sealed class StopDuringStartTests
{
    private const string Camera = "[[camera]]\nid = \"front\"\nuri = \"test:?w=320&h=240&fps=10\"";
    private const int HangUp = 1;

    [Fact]
    public async Task A_stop_at_any_time_of_the_start_ends_with_0_and_no_will_is_sent()
    {
        await using var service = await ServiceOnBroker.CreateAsync();
        foreach (var delay in (int[])[0, 20, 50, 90, 140, 200, 280, 380, 500, 600, 900])
        {
            service.Start(Camera, $"state_dir = \"{service.Scratch.Path}/state\"");
            await HandlesSignalsAsync(service.Process);
            await Task.Delay(delay, TestContext.Current.CancellationToken);
            Assert.Equal(0, Signals.Send(service.Process.Id, Signals.Terminate));
            var errors = await service.Process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await service.Process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(service.Process.ExitCode == 0, $"after {delay} ms: exit code {service.Process.ExitCode}\n{errors}");
        }

        Assert.DoesNotContain(
            service.Listener.All,
            m => m.Topic == ServiceOnBroker.Root + "status" && m.Text.Length > 0 && m.State == "lost"
        );
    }

    [Fact]
    public async Task A_reload_at_any_time_of_the_start_leaves_the_service_running()
    {
        await using var service = await ServiceOnBroker.CreateAsync();
        service.Start(Camera, $"state_dir = \"{service.Scratch.Path}/state\"");
        await HandlesSignalsAsync(service.Process);
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(0, Signals.Send(service.Process.Id, HangUp));
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        await service.Listener.UntilAsync("a mask", m => m.Topic == ServiceOnBroker.Root + "cam/front/mask");
        Assert.False(service.Process.HasExited, "the service runs");
        Assert.Equal(0, Signals.Send(service.Process.Id, Signals.Terminate));
        await service.Process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, service.Process.ExitCode);
    }

    /// <summary>Before its first line a program cannot handle a signal: waits until the kernel shows a handler of SIGHUP.</summary>
    private static Task HandlesSignalsAsync(Process process)
    {
        return Wait.UntilAsync(IsHandled, "the program handles its signals");

        bool IsHandled()
        {
            var line = File.ReadLines($"/proc/{process.Id}/status").First(l => l.StartsWith("SigCgt:", StringComparison.Ordinal));
            var mask = ulong.Parse(line["SigCgt:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            return (mask & (1UL << (HangUp - 1))) != 0;
        }
    }
}
