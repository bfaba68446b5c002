using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Configuration;

/// <summary>The device's id in topics.</summary>
internal static class DeviceId
{
    private static readonly string[] sources =
    [
        "/proc/device-tree/serial-number",
        "/sys/firmware/devicetree/base/serial-number",
        "/etc/machine-id",
    ];

    /// <summary>
    /// The configured id; for "auto" a hash of the board's serial number, else of the machine-id: stable, and reveals neither.
    /// </summary>
    public static string Resolve(string configured) => configured == "auto" ? Derive(sources) : configured;

    internal static string Derive(IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            try
            {
                var text = File.ReadAllText(file).Trim('\0', ' ', '\n');
                if (text.Length == 0)
                    continue;
                return "edge-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("edgeseg:" + text)))[..10];
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // not on this board: the next source is tried
            }
        }

        throw new OperatingException(
            "device = \"auto\": this machine has neither a board serial number nor /etc/machine-id; set device " + "to an id",
            2
        );
    }
}
