using System.Diagnostics;
using System.Text;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Deploy;

/// <summary>
/// deploy/mosquitto/, in a real mosquitto that asks each client for a certificate: only its port and the places of its files are changed.
/// </summary>
internal sealed class AclBroker : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly int port = Mosquitto.FreePort();
    private Process? broker;

    private readonly StringBuilder log = new();

    /// <summary>Certificates and keys of each client, the authority's as ca.crt.</summary>
    public string Folder => scratch.Path;

    public int Port => port;

    /// <summary>What mosquitto said, with log_type all.</summary>
    public string Log
    {
        get
        {
            lock (log)
                return log.ToString();
        }
    }

    /// <param name="clients">Who gets a certificate.</param>
    /// <param name="acl">Changes the access list; null: as shipped.</param>
    public static async Task<AclBroker> StartOrSkipAsync(string[] clients, Func<string, string>? acl = null)
    {
        var broker = new AclBroker();
        try
        {
            await broker.StartAsync(clients, acl ?? (text => text));
            return broker;
        }
        catch
        {
            broker.Dispose();
            throw;
        }
    }

    private async Task StartAsync(string[] clients, Func<string, string> acl)
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
        foreach (var name in clients.Append("operator").Append("localhost").Distinct())
            Issue(name);
        var text = await File.ReadAllTextAsync(Repository.PathOf("deploy/mosquitto/edgeseg.conf"));
        text = text.Replace("listener 8883", $"listener {port} 127.0.0.1", StringComparison.Ordinal)
            .Replace("/etc/mosquitto/certs/broker", $"{scratch.Path}/localhost", StringComparison.Ordinal)
            .Replace("/etc/mosquitto/certs", scratch.Path, StringComparison.Ordinal)
            .Replace("/etc/mosquitto/edgeseg.acl", $"{scratch.Path}/edgeseg.acl", StringComparison.Ordinal)
            .Replace("persistence true", "persistence false", StringComparison.Ordinal);
        // started by root, mosquitto reads its files as the user mosquitto
        if (Environment.IsPrivilegedProcess)
            text += "\nuser root\n";
        text += "\nlog_type all\nlog_dest stderr\n";
        var list = acl(await File.ReadAllTextAsync(Repository.PathOf("deploy/mosquitto/edgeseg.acl")));
        var listFile = scratch.Write("edgeseg.acl", Encoding.UTF8.GetBytes(list));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(listFile, UnixFileMode.UserRead);
        var file = scratch.Write("mosquitto.conf", Encoding.UTF8.GetBytes(text));
        broker = Process.Start(new ProcessStartInfo(program, ["-c", file]) { RedirectStandardError = true })!;
        broker.ErrorDataReceived += (_, line) =>
        {
            lock (log)
                log.AppendLine(line.Data);
        };
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

    public string[] Arguments(string who, string[] rest) =>
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

    public (int ExitCode, string Output, string Errors) Client(string program, string who, params string[] rest) =>
        Published.Run(program, Arguments(who, rest));

    public void Dispose()
    {
        broker?.Kill();
        broker?.WaitForExit();
        broker?.Dispose();
        scratch.Dispose();
    }
}
