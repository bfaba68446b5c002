using System.Diagnostics;
using System.Runtime.CompilerServices;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Deploy;

/// <summary>deploy/mosquitto/, in a real mosquitto: only its port and the places of its files are changed.</summary>
public sealed class BrokerAclTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly int port = Mosquitto.FreePort();
    private Process? broker;

    private static string Source([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../../../deploy/mosquitto"));

    private async Task StartAsync()
    {
        const string program = "/usr/sbin/mosquitto";
        Assert.SkipUnless(File.Exists(program), "mosquitto is not installed (Debian package mosquitto)");
        Assert.SkipUnless(
            Published.HasTool("mosquitto_pub") && Published.HasTool("openssl"),
            "mosquitto_pub or openssl is not installed (Debian packages mosquitto-clients, openssl)"
        );
        Openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            "ca.key",
            "-out",
            "ca.crt",
            "-subj",
            "/CN=test authority"
        );
        foreach (var name in new[] { "localhost", "arm-7", "arm-8", "operator" })
            Issue(name);
        var text = await File.ReadAllTextAsync(Path.Combine(Source(), "edgeseg.conf"));
        text = text.Replace("listener 8883", $"listener {port} 127.0.0.1", StringComparison.Ordinal)
            .Replace("/etc/mosquitto/certs/broker", $"{scratch.Path}/localhost", StringComparison.Ordinal)
            .Replace("/etc/mosquitto/certs", scratch.Path, StringComparison.Ordinal)
            .Replace("/etc/mosquitto/edgeseg.acl", $"{scratch.Path}/edgeseg.acl", StringComparison.Ordinal)
            .Replace("persistence true", "persistence false", StringComparison.Ordinal);
        // started by root, mosquitto reads its files as the user mosquitto
        if (Environment.IsPrivilegedProcess)
            text += "\nuser root\n";
        File.Copy(Path.Combine(Source(), "edgeseg.acl"), Path.Combine(scratch.Path, "edgeseg.acl"));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.Combine(scratch.Path, "edgeseg.acl"), UnixFileMode.UserRead);
        var file = scratch.Write("mosquitto.conf", System.Text.Encoding.UTF8.GetBytes(text));
        broker = Process.Start(new ProcessStartInfo(program, ["-c", file]) { RedirectStandardError = true })!;
        broker.BeginErrorReadLine();
        await Wait.UntilAsync(
            () => Client("mosquitto_pub", "operator", "-t", "edgeseg/v1/arm-7/cam/cam0/cmd/auto", "-m", "{}").ExitCode == 0,
            "the broker answers"
        );
    }

    private void Openssl(params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo("openssl", arguments)
            {
                WorkingDirectory = scratch.Path,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            }
        )!;
        process.StandardOutput.ReadToEnd();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }

    private void Issue(string name)
    {
        Openssl(
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            $"{name}.key",
            "-out",
            $"{name}.csr",
            "-subj",
            $"/CN={name}"
        );
        Openssl(
            "x509",
            "-req",
            "-in",
            $"{name}.csr",
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "1",
            "-out",
            $"{name}.crt"
        );
    }

    private string[] Arguments(string who, string[] rest) =>
        [
            "-h",
            "localhost",
            "-p",
            $"{port}",
            "-V",
            "5",
            "-q",
            "1",
            "--cafile",
            $"{scratch.Path}/ca.crt",
            "--cert",
            $"{scratch.Path}/{who}.crt",
            "--key",
            $"{scratch.Path}/{who}.key",
            .. rest,
        ];

    private (int ExitCode, string Output, string Errors) Client(string program, string who, params string[] rest) =>
        Published.Run(program, Arguments(who, rest));

    /// <summary>The first message that <paramref name="who"/> hears on the filter while <paramref name="meanwhile"/> publishes.</summary>
    private async Task<string> FirstHeard(string who, string filter, Action meanwhile)
    {
        var start = Published.Start(
            "stdbuf",
            ["-oL", "mosquitto_sub", .. Arguments(who, ["-t", filter, "-C", "1", "-W", "30", "-F", "%t %p", "-d"])]
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
    public async Task A_device_writes_below_its_own_name_and_nowhere_else()
    {
        await StartAsync();
        var heard = await FirstHeard(
            "operator",
            "edgeseg/v1/#",
            () =>
            {
                var foreign = Client("mosquitto_pub", "arm-7", "-t", "edgeseg/v1/arm-8/status", "-m", "forged");
                Assert.Contains("ot authorized", foreign.Errors + foreign.Output, StringComparison.OrdinalIgnoreCase);
                Assert.Contains(
                    "ot authorized",
                    Client("mosquitto_pub", "arm-7", "-t", "edgeseg/v1/arm-7/cam/cam0/cmd/auto", "-m", "itself").Errors,
                    StringComparison.OrdinalIgnoreCase
                );
                Assert.Equal(0, Client("mosquitto_pub", "arm-7", "-t", "edgeseg/v1/arm-7/status", "-m", "genuine").ExitCode);
            }
        );
        Assert.Equal("edgeseg/v1/arm-7/status genuine", heard);
    }

    [Fact]
    public async Task A_device_hears_its_own_commands_and_no_others()
    {
        await StartAsync();
        var heard = await FirstHeard(
            "arm-8",
            "edgeseg/v1/+/cam/+/cmd/+",
            () =>
            {
                Assert.Equal(0, Client("mosquitto_pub", "operator", "-t", "edgeseg/v1/arm-7/cam/cam0/cmd/auto", "-m", "for-7").ExitCode);
                Assert.Equal(0, Client("mosquitto_pub", "operator", "-t", "edgeseg/v1/arm-8/cam/cam0/cmd/auto", "-m", "for-8").ExitCode);
            }
        );
        Assert.Equal("edgeseg/v1/arm-8/cam/cam0/cmd/auto for-8", heard);
    }

    [Fact]
    public async Task Without_a_certificate_nobody_gets_in()
    {
        await StartAsync();
        Assert.NotEqual(
            0,
            Published
                .Run(
                    "mosquitto_pub",
                    ["-h", "localhost", "-p", $"{port}", "--cafile", $"{scratch.Path}/ca.crt", "-t", "edgeseg/v1/arm-7/status", "-m", "x"]
                )
                .ExitCode
        );
    }

    public void Dispose()
    {
        broker?.Kill();
        broker?.WaitForExit();
        broker?.Dispose();
        scratch.Dispose();
    }
}
