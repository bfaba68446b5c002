using System.Diagnostics;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Deploy;

/// <summary>Who may do what by the shipped access list.</summary>
public sealed class BrokerAclTests
{
    private static readonly string[] clients = ["arm-7", "arm-8"];

    /// <summary>
    /// The first message that <paramref name="who"/> receives on the filter while <paramref name="meanwhile"/> publishes.
    /// </summary>
    private static async Task<string> FirstReceived(AclBroker broker, string who, string filter, Action meanwhile)
    {
        var start = Published.Start(
            "stdbuf",
            ["-oL", "mosquitto_sub", .. broker.Arguments(who, ["-t", filter, "-C", "1", "-W", "30", "-F", "%t %p", "-d"])]
        );
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        while (await process.StandardOutput.ReadLineAsync() is { } line && !line.StartsWith("Subscribed", StringComparison.Ordinal)) { }

        meanwhile();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
            if (line.StartsWith("edgeseg/", StringComparison.Ordinal))
                return line;
        return "";
    }

    [Fact]
    public async Task A_device_publishes_below_its_own_id_only()
    {
        using var broker = await AclBroker.StartOrSkipAsync(clients);
        var received = await FirstReceived(
            broker,
            "operator",
            "edgeseg/v1/#",
            () =>
            {
                var foreign = broker.Client("mosquitto_pub", "arm-7", "-t", "edgeseg/v1/arm-8/status", "-m", "forged");
                Assert.Contains("ot authorized", foreign.Errors + foreign.Output, StringComparison.OrdinalIgnoreCase);
                Assert.Contains(
                    "ot authorized",
                    broker.Client("mosquitto_pub", "arm-7", "-t", "edgeseg/v1/arm-7/cam/cam0/cmd/auto", "-m", "itself").Errors,
                    StringComparison.OrdinalIgnoreCase
                );
                Assert.Equal(0, broker.Client("mosquitto_pub", "arm-7", "-t", "edgeseg/v1/arm-7/status", "-m", "own").ExitCode);
            }
        );
        Assert.Equal("edgeseg/v1/arm-7/status own", received);
    }

    [Fact]
    public async Task A_device_receives_its_own_commands_only()
    {
        using var broker = await AclBroker.StartOrSkipAsync(clients);
        var received = await FirstReceived(
            broker,
            "arm-8",
            "edgeseg/v1/+/cam/+/cmd/+",
            () =>
            {
                Assert.Equal(
                    0,
                    broker.Client("mosquitto_pub", "operator", "-t", "edgeseg/v1/arm-7/cam/cam0/cmd/auto", "-m", "for-7").ExitCode
                );
                Assert.Equal(
                    0,
                    broker.Client("mosquitto_pub", "operator", "-t", "edgeseg/v1/arm-8/cam/cam0/cmd/auto", "-m", "for-8").ExitCode
                );
            }
        );
        Assert.Equal("edgeseg/v1/arm-8/cam/cam0/cmd/auto for-8", received);
    }

    [Fact]
    public async Task Without_a_certificate_no_client_can_connect()
    {
        using var broker = await AclBroker.StartOrSkipAsync(clients);
        Assert.NotEqual(
            0,
            Published
                .Run(
                    "mosquitto_pub",
                    [
                        "-h",
                        "localhost",
                        "-p",
                        $"{broker.Port}",
                        "--cafile",
                        $"{broker.Folder}/ca.crt",
                        "-t",
                        "edgeseg/v1/arm-7/status",
                        "-m",
                        "x",
                    ]
                )
                .ExitCode
        );
    }
}
