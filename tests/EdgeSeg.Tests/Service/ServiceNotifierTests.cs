using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Service;

public sealed class ServiceNotifierTests : IDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly string path = Path.Combine(Path.GetTempPath(), $"notify-{Guid.NewGuid():N}");
    private readonly Socket manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    private ServiceNotifier Notifier(string? watchdogUs = null)
    {
        manager.Bind(new UnixDomainSocketEndPoint(path));
        return new ServiceNotifier(path, watchdogUs, time);
    }

    /// <summary>Datagrams that wait; sending is done when the sender returns.</summary>
    private List<string> Received()
    {
        var received = new List<string>();
        var buffer = new byte[4096];
        while (manager.Available > 0)
            received.Add(Encoding.UTF8.GetString(buffer, 0, manager.Receive(buffer)));
        return received;
    }

    [Fact]
    public void The_manager_receives_each_state_as_one_datagram()
    {
        using var notifier = Notifier();
        notifier.Ready();
        notifier.Status("two cameras\nstream");
        notifier.Alive();
        notifier.Stopping();
        Assert.Equal(["READY=1", "STATUS=two cameras stream", "WATCHDOG=1", "STOPPING=1"], Received());
    }

    [Fact]
    public void A_status_is_sent_when_it_changes_and_is_kept_short()
    {
        using var notifier = Notifier();
        notifier.Status("same");
        notifier.Status("same");
        notifier.Status(new string('x', 10_000));
        var received = Received();
        Assert.Equal(2, received.Count);
        Assert.Equal("STATUS=".Length + ServiceLimits.StatusLine, received[1].Length);
    }

    [Fact]
    public void A_reload_is_stamped_with_the_monotonic_clock_in_microseconds()
    {
        using var notifier = Notifier();
        var before = (long)(time.GetTimestamp() * 1e6 / time.TimestampFrequency);
        notifier.Reloading();
        Assert.Equal($"RELOADING=1\nMONOTONIC_USEC={before}", Received().Single());
    }

    [Fact]
    public void An_abstract_socket_is_reached_by_its_at_sign()
    {
        var name = $"edgeseg-test-{Guid.NewGuid():N}";
        manager.Bind(new UnixDomainSocketEndPoint('\0' + name));
        using var notifier = new ServiceNotifier('@' + name, null, time);
        notifier.Ready();
        Assert.Equal(["READY=1"], Received());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("vsock:2:1")]
    public void Without_a_manager_nothing_happens(string? address)
    {
        using var notifier = new ServiceNotifier(address, "1000000", time);
        notifier.Ready();
        Assert.False(notifier.IsActive);
        Assert.Null(notifier.WatchdogInterval);
    }

    [Fact]
    public void A_service_manager_that_has_ended_is_no_fault()
    {
        using var notifier = new ServiceNotifier(path, null, time);
        notifier.Ready();
        notifier.Dispose();
        notifier.Alive();
    }

    [Fact]
    public void Life_is_passed_on_only_while_every_stage_lives()
    {
        using var notifier = Notifier("30000000");
        var heartbeats = new Heartbeats(time);
        var capture = heartbeats.Add("capture", TimeSpan.FromSeconds(15));
        var inference = heartbeats.Add("inference", TimeSpan.FromSeconds(15));
        var sentences = new List<string>();
        using var watchdog = new Watchdog(notifier, heartbeats, sentences.Add, time);
        time.Advance(TimeSpan.Zero);
        Assert.Equal(["WATCHDOG=1"], Received());

        void Pass10S(params Heartbeat[] alive)
        {
            foreach (var heartbeat in alive)
                heartbeat.Beat();
            time.Advance(TimeSpan.FromSeconds(10));
        }

        Pass10S(capture, inference);
        Assert.Equal(["WATCHDOG=1"], Received());
        Pass10S(capture);
        Pass10S(capture);
        Pass10S(capture);
        Assert.Equal(["STATUS=stuck: inference"], Received());
        Assert.StartsWith("inference has been stuck for 20 s", Assert.Single(sentences), StringComparison.Ordinal);

        Pass10S(capture, inference);
        Assert.Equal(["WATCHDOG=1"], Received());
    }

    public void Dispose()
    {
        manager.Dispose();
        File.Delete(path);
    }
}
