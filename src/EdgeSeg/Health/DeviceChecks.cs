using EdgeSeg.Capture;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Health;

/// <summary>Checks that the device nodes exist and that this user may use them.</summary>
internal static class DeviceChecks
{
    /// <summary>
    /// Of the cameras' addresses only <c>v4l2:/dev/videoN</c> has a device node; another may hold a password, and only its scheme is
    /// shown.
    /// </summary>
    /// <param name="id">The camera's.</param>
    /// <param name="uri">Its address.</param>
    /// <param name="mayUse">Whether this process may read and write a node; null: asks the kernel, which grants root everything.</param>
    public static Check Camera(string id, string uri, Func<string, bool>? mayUse = null)
    {
        var name = $"camera {id}";
        var (scheme, node) = CameraUri.Split(uri);
        if (CameraUri.KindOf(uri) != CameraKind.V4l2)
            return Check.Ok(name, $"{scheme}: nothing to check before it is opened");
        return Node(name, node, "video", "connect the camera, look for it with 'v4l2-ctl --list-devices', and correct camera.uri", mayUse);
    }

    /// <summary>
    /// Where a GPIO line is configured (<paramref name="needed"/>) its chip must be there, in the folder of device nodes.
    /// </summary>
    public static Check Gpio(bool needed, string chip = "gpiochip0", string devices = "/dev")
    {
        var node = Path.Combine(devices, Path.GetFileName(chip));
        if (needed)
            return Node("gpio", node, "gpio", "look for the chip with 'gpiodetect' and correct trigger.gpio.chip or output.*.chip");
        var chips = Directory.Exists(devices) ? Directory.EnumerateFiles(devices, "gpiochip*").Count() : 0;
        return Check.Ok("gpio", $"not configured ({chips} chips there)");
    }

    private static Check Node(string name, string node, string group, string absent, Func<string, bool>? mayUse = null)
    {
        if (!File.Exists(node))
            return Check.Failed(name, $"{node} is not there", absent);
        return mayUse?.Invoke(node) ?? LibC.Access(node, LibC.ReadAndWriteAccess) == 0
            ? Check.Ok(name, $"{node} is there and may be used")
            : Check.Failed(
                name,
                $"{node} may not be used by {Environment.UserName}",
                $"add the user to the group {group}: usermod -aG {group} {Environment.UserName}"
            );
    }
}
