using System.Net;
using System.Net.Sockets;
using EdgeSeg.Configuration;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Service;

/// <summary>The check of newer settings beside a running service.</summary>
public sealed class StartCheckTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly TcpListener held = new(IPAddress.Loopback, 0);

    public StartCheckTests() => held.Start();

    public void Dispose()
    {
        held.Dispose();
        scratch.Dispose();
    }

    private Settings On(string bind)
    {
        var secret = scratch.Write("password", "secret"u8.ToArray());
        var port = ((IPEndPoint)held.LocalEndpoint).Port;
        return Text.Parse($"[mqtt]\nbind = \"{bind}\"\nport = {port}\nusername = \"u\"\npassword_file = \"{secret}\"");
    }

    [Fact]
    public void The_address_of_an_own_port_may_change()
    {
        StartCheck.CheckPorts(On("0.0.0.0"), On("127.0.0.1"));
        StartCheck.CheckPorts(On("127.0.0.1"), On("0.0.0.0"));
        StartCheck.CheckPorts(On("127.0.0.1"), On("127.0.0.1"));
    }

    [Fact]
    public void A_port_of_another_program_is_refused() =>
        Assert.Throws<OperatingException>(() => StartCheck.CheckPorts(On("127.0.0.1"), null));

    [Fact]
    public void The_files_of_the_collector_are_read_before_a_start()
    {
        var (token, authority) = (Path.Combine(scratch.Path, "token"), Path.Combine(scratch.Path, "ca.pem"));
        TelemetrySettings Of(string keys) => Text.Parse($"[telemetry]\notlp_endpoint = \"https://collector\"\n{keys}").Telemetry;
        string Fault(string keys) => Assert.Throws<OperatingException>(() => StartCheck.Collector(Of(keys))).Message;
        Assert.Contains(
            $"telemetry.otlp_authorization_file: {token} does not exist",
            Fault($"otlp_authorization_file = \"{token}\""),
            StringComparison.Ordinal
        );
        scratch.Write("ca.pem", "hello\n"u8.ToArray());
        Assert.Contains("telemetry.otlp_ca_file", Fault($"otlp_ca_file = \"{authority}\""), StringComparison.Ordinal);
        scratch.Write("token", "Bearer abc\n"u8.ToArray());
        var access = CollectorServer.Access(Of($"otlp_authorization_file = \"{token}\""));
        Assert.Equal("Bearer abc", access.Authorization?.Invoke());
        Assert.Null(access.Authorities);
    }

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("127.0.0.2", true)]
    public void The_console_and_the_broker_need_ports_of_their_own(string bind, bool isGood)
    {
        var text = $"[mqtt]\nport = 9001\n[console]\nmetrics = true\nport = 9001\nbind = \"{bind}\"";
        if (isGood)
            Assert.Equal(9001, Text.Parse(text).Console.Port);
        else
            Assert.Contains("mqtt.port", Assert.Throws<OperatingException>(() => Text.Parse(text)).Message, StringComparison.Ordinal);
    }
}
