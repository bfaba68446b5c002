using System.Security.Cryptography;
using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Configuration;

/// <summary>The device's name in topics.</summary>
internal static class DeviceId
{
    private static readonly string[] sources =
    [
        "/proc/device-tree/serial-number",
        "/sys/firmware/devicetree/base/serial-number",
        "/etc/machine-id",
    ];

    /// <summary>The configured id, or for "auto" one derived from the board's serial, else the machine-id: stable, and not telling either.</summary>
    public static string Resolve(string configured) => configured == "auto" ? Derive(sources) : configured;

    internal static string Derive(IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            try
            {
                var text = File.ReadAllText(file).Trim('\0', ' ', '\n');
                if (text.Length > 0)
                    return "edge-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("edgeseg:" + text)))[..10];
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // not this board: the next source is asked
            }
        }

        throw new OperatingException(
            "device = \"auto\" finds neither a board serial nor /etc/machine-id: set device to a name of your own",
            2
        );
    }
}
