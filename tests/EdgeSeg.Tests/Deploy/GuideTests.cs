using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using EdgeSeg.Mqtt;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Deploy;

/// <summary>
/// The command blocks of the fleet guides, run as they are with a real mosquitto and the program. Only names of this machine are put in:
/// folders below a scratch folder for those below /etc, localhost for the broker, a free port, and functions for sudo and systemctl.
/// </summary>
public sealed partial class GuideTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly int port = Mosquitto.FreePort();

    [GeneratedRegex(@"^```sh\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    /// <summary>The blocks of a page, each with a line that names it.</summary>
    private static string Commands(string page) =>
        string.Join(
            '\n',
            Block().Matches(File.ReadAllText(Repository.PathOf(page))).Select((m, i) => $"echo '== block {i + 1}'\n{m.Groups[1].Value}")
        );

    /// <summary>What stands for the machine: without root nobody else's file can be made, and there is no service manager.</summary>
    private string Machine() =>
        $$"""
            set -euo pipefail
            edgeseg() {
                # the credentials of the service, which are not in /etc here
                [ "$1" != doctor ] || set -- "$@" --config '{{scratch.Path}}/edgeseg/edgeseg.toml'
                CREDENTIALS_DIRECTORY=$PWD/credentials '{{Published.Binary}}' "$@"
            }
            sudo() {
                local words=()
                if [ "$(id -u)" -ne 0 ]; then
                    [ "$1" != chown ] || return 0
                    while [ $# -gt 0 ]; do case $1 in -g) shift 2 ;; *) words+=("$1"); shift ;; esac; done
                    set -- "${words[@]}"
                fi
                "$@"
            }
            wait_end() { while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; }
            stop() { [ ! -e "$1.pid" ] || { kill "$(cat "$1.pid")" 2>/dev/null || true; wait_end "$(cat "$1.pid")"; rm -f "$1.pid"; }; }
            systemctl() {
                case "$1 $2" in
                    'restart mosquitto')
                        stop mosquitto
                        PATH=$PATH:/usr/sbin mosquitto -c '{{scratch.Path}}/mosquitto/mosquitto.conf' 2>>mosquitto.log &
                        echo $! >mosquitto.pid
                        until (exec 3<>/dev/tcp/127.0.0.1/{{port}}) 2>/dev/null; do
                        kill -0 "$(cat mosquitto.pid)"
                        sleep 0.1
                    done ;;
                    'reload mosquitto') kill -HUP "$(cat mosquitto.pid)" ;;
                    'restart edgeseg')
                        stop edgeseg
                        rm -rf credentials; mkdir credentials
                        local file
                        for file in '{{scratch.Path}}'/edgeseg/credentials/*; do cp "$file" "credentials/secret_${file##*/}"; done
                        CREDENTIALS_DIRECTORY=$PWD/credentials '{{Published.Binary}}' run \
                        --config '{{scratch.Path}}/edgeseg/edgeseg.toml' 2>>edgeseg.log &
                        echo $! >edgeseg.pid ;;
                    'stop edgeseg') stop edgeseg ;;
                    *) echo "systemctl $*: not known here"; exit 1 ;;
                esac
            }
            trap 'code=$?; stop edgeseg; stop mosquitto; [ $code = 0 ] || tail -n 30 edgeseg.log mosquitto.log; exit $code' EXIT

            """;

    private string Placed(string commands) =>
        commands
            .Replace("/usr/share/doc/edgeseg/deploy", Repository.PathOf("deploy"), StringComparison.Ordinal)
            .Replace("/etc/mosquitto", $"{scratch.Path}/mosquitto", StringComparison.Ordinal)
            .Replace("/etc/edgeseg", $"{scratch.Path}/edgeseg", StringComparison.Ordinal)
            .Replace("broker.example.org", "localhost", StringComparison.Ordinal)
            .Replace("8883", $"{port}", StringComparison.Ordinal)
            // the service's own folder of state
            .Replace("device = \"arm-7\"", $"device = \"arm-7\"\nstate_dir = \"{scratch.Path}/state\"", StringComparison.Ordinal);

    private (int Code, string Output) Run(string page, string afterwards)
    {
        Assert.SkipUnless(
            File.Exists("/usr/sbin/mosquitto") && Published.HasTool("mosquitto_passwd") && Published.HasTool("openssl"),
            "mosquitto, mosquitto_passwd or openssl is not installed (Debian packages mosquitto, mosquitto-clients, openssl)"
        );
        foreach (var folder in new[] { "mosquitto/certs", "mosquitto/conf.d", "edgeseg", "work" })
            Directory.CreateDirectory(Path.Combine(scratch.Path, folder));
        // as Debian has it; started by root, mosquitto would read its files as the user mosquitto, which cannot reach the scratch folder
        var main =
            $"include_dir {scratch.Path}/mosquitto/conf.d\nlog_dest stderr\n" + (Environment.IsPrivilegedProcess ? "user root\n" : "");
        scratch.Write("mosquitto/mosquitto.conf", Encoding.UTF8.GetBytes(main));
        var script = scratch.Write("work/guide.sh", Encoding.UTF8.GetBytes(Machine() + Placed(Commands(page)) + afterwards));
        var start = Published.Start("bash", ["-c", $"cd '{scratch.Path}/work' && exec bash ./guide.sh 2>&1"]);
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromSeconds(Wait.LimitS * 3)))
            process.Kill(entireProcessTree: true);
        Assert.True(File.Exists(script));
        return (process.ExitCode, output.Result);
    }

    [Theory]
    [InlineData("docs/guides/fleet-passwords.md", "-u arm-7 -P \"$(cat arm-7.password)\"")]
    [InlineData("docs/guides/fleet-certificates.md", "--cert arm-7.crt --key arm-7.key")]
    public void Every_command_of_the_recipe_works_and_the_dead_robot_cannot_come_back(string page, string login)
    {
        var (code, output) = Run(
            page,
            $"""

            echo '== afterwards'
            ! mosquitto_pub -h localhost -p {port} --cafile ca.crt {login} -q 1 -t edgeseg/v1/arm-7/status -m x
            """
        );
        Assert.True(code == 0, output);
        Assert.Matches("ok +broker +localhost:.* accepts the connection over TLS, the subscriptions and the messages", output);
        Assert.Contains("1 of 1 devices take part: arm-7", output, StringComparison.Ordinal);
        Assert.Contains("\"state\":\"online\"", output, StringComparison.Ordinal);
        // before and after the change of the secret
        Assert.Equal(2, Regex.Count(output, "\"found\":"));
        Assert.Contains("edgeseg/v1/arm-7/status\n", output, StringComparison.Ordinal);
        Assert.Matches("[1-9][0-9]* retained topics of arm-7 cleared on localhost", output);
    }

    public void Dispose() => scratch.Dispose();
}
