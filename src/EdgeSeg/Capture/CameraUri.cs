using System.Globalization;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Capture;

internal enum CameraKind
{
    V4l2,
    Rtsp,
    Http,
    File,
    Images,
    Pipe,
    Test,
}

/// <summary>
/// Size, rate and seed of the synthetic scene; <see cref="Frames"/> 0: endless, <see cref="Fps"/> 0: as fast as they are processed.
/// </summary>
internal readonly record struct TestScene(int Width, int Height, double Fps, int Seed, long Frames)
{
    public static TestScene Default => new(1280, 720, 30, 1, 0);
}

/// <summary>
/// Where frames come from: <c>v4l2:/dev/video0</c>, <c>rtsp://host/path</c> (or <c>rtsps</c>), <c>http://host/path</c> (or <c>https</c>),
/// <c>file:PATH</c>, <c>images:FOLDER</c>, <c>pipe:COMMAND</c>, <c>test:?w=1280&amp;h=720&amp;fps=30&amp;seed=1&amp;frames=0</c>. <see
/// cref="Target"/> is the path, command or whole address; it never holds a password.
/// </summary>
internal readonly record struct CameraUri(CameraKind Kind, string Target, TestScene Scene)
{
    /// <summary>An address of each kind, for messages.</summary>
    public const string Forms = "v4l2:/dev/video0, rtsp://host/path, http://host/stream, file:VIDEO, images:FOLDER, pipe:COMMAND or test:";

    /// <summary>
    /// The scheme of an address in lower case as written (<c>v4l2</c>, <c>rtsp</c>, <c>rtsps</c>, ...) and what follows its colon; empty
    /// without a colon.
    /// </summary>
    public static (string Scheme, string Target) Split(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? ("", text) : (text[..colon], text[(colon + 1)..]);
    }

    /// <summary>The kind that the scheme of an address names; null: none. Nothing else of the address is checked.</summary>
    public static CameraKind? KindOf(string text) =>
        Split(text).Scheme switch
        {
            "v4l2" => CameraKind.V4l2,
            "rtsp" or "rtsps" => CameraKind.Rtsp,
            "http" or "https" => CameraKind.Http,
            "file" => CameraKind.File,
            "images" => CameraKind.Images,
            "pipe" => CameraKind.Pipe,
            "test" => CameraKind.Test,
            _ => null,
        };

    /// <summary>Files that are replayed: they have a beginning.</summary>
    public static bool IsReplay(CameraKind? kind) => kind is CameraKind.File or CameraKind.Images;

    /// <summary>A camera in the network, which can ask for a user and a password.</summary>
    public static bool IsNetwork(CameraKind? kind) => kind is CameraKind.Rtsp or CameraKind.Http;

    public static bool TryParse(string text, out CameraUri uri)
    {
        try
        {
            uri = Parse(text);
            return true;
        }
        catch (OperatingException)
        {
            uri = default;
            return false;
        }
    }

    /// <summary>Parses, or throws an <see cref="OperatingException"/> of exit code 2 that names the remedy.</summary>
    public static CameraUri Parse(string text)
    {
        var (scheme, rest) = Split(text);
        if (scheme.Length == 0)
            throw Bad(text, "has no kind", $"write {Forms}");
        return KindOf(text) switch
        {
            CameraKind.V4l2 when rest.StartsWith("/dev/", StringComparison.Ordinal) && rest.Length > 5 => new(
                CameraKind.V4l2,
                rest,
                default
            ),
            CameraKind.V4l2 => throw Bad(text, "does not name a device", "write v4l2:/dev/video0 or v4l2:/dev/v4l/by-id/..."),
            CameraKind.Rtsp => new(CameraKind.Rtsp, Network(text, "RTSP", "rtsp://host:554/path"), default),
            CameraKind.Http => new(CameraKind.Http, Network(text, "HTTP", "http://host/stream"), default),
            CameraKind.File => new(CameraKind.File, Given(text, rest, "a video", "file:/srv/video.mp4"), default),
            CameraKind.Images => new(CameraKind.Images, Given(text, rest, "a folder", "images:/srv/pictures"), default),
            CameraKind.Pipe => new(CameraKind.Pipe, Given(text, rest, "a command", "pipe:rpicam-vid --codec yuv420 -o -"), default),
            CameraKind.Test => new(CameraKind.Test, "", Options(text, rest)),
            _ => throw Bad(text, $"is of the unknown kind '{scheme}'", $"write {Forms}"),
        };
    }

    private static string Given(string text, string rest, string what, string example) =>
        rest.Trim().Length > 0 ? rest.Trim() : throw Bad(text, $"does not name {what}", $"write for example {example}");

    private static string Network(string text, string kind, string example)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || !text.Contains("://", StringComparison.Ordinal))
            throw new OperatingException($"the address of an {kind} camera names no host; write {example}", 2);
        // the message does not repeat the address, which holds the password
        if (uri.UserInfo.Length > 0)
            throw new OperatingException(
                $"the address of the {kind} camera at {uri.Host} holds a user or password; "
                    + "put user:password into a file and name it as credentials_file",
                2
            );
        if (text.AsSpan().ContainsAny('\'', '\n', '\r'))
            throw new OperatingException(
                $"the address of the {kind} camera at {uri.Host} holds a quote or line break; write them percent-encoded",
                2
            );
        return text;
    }

    private static TestScene Options(string text, string rest)
    {
        var scene = TestScene.Default;
        if (rest.Length == 0)
            return scene;
        if (rest[0] != '?')
            throw Bad(text, "has options that do not begin with '?'", "write test:?w=1280&h=720&fps=30&seed=1&frames=0");
        foreach (var pair in rest[1..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=');
            var key = equals < 0 ? pair : pair[..equals];
            var value = equals < 0 ? "" : pair[(equals + 1)..];
            scene = key switch
            {
                "w" => scene with { Width = (int)Number(text, key, value, PictureBounds.MinSide, 8192) },
                "h" => scene with { Height = (int)Number(text, key, value, PictureBounds.MinSide, 8192) },
                "fps" => scene with { Fps = Number(text, key, value, 0, CaptureLimits.MaxCameraFps) },
                "seed" => scene with { Seed = (int)Number(text, key, value, 0, int.MaxValue) },
                "frames" => scene with { Frames = (long)Number(text, key, value, 0, int.MaxValue) },
                _ => throw Bad(text, $"has the unknown option '{key}'", "known are w, h, fps, seed and frames"),
            };
        }

        return scene;
    }

    private static double Number(string text, string key, string value, double least, double most) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && number >= least
        && number <= most
            ? number
            : throw Bad(text, $"has {key}='{value}'", $"give a number from {least} to {most}");

    private static OperatingException Bad(string text, string reason, string remedy) => new($"camera '{text}' {reason}; {remedy}", 2);
}
