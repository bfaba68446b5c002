using System.Net;
using EdgeSeg.Capture;
using EdgeSeg.Platform;

namespace EdgeSeg.Configuration;

/// <summary>Rules for texts.</summary>
internal static class TextForms
{
    public static readonly TextForm Id = new($"an id: {Identifier.Form}", t => Identifier.IsValid(t));
    public static readonly TextForm IdOrNone = new($"empty or an id: {Identifier.Form}", t => t.Length == 0 || Identifier.IsValid(t));
    public static readonly TextForm Line = new(
        "text of at most 255 characters on one line",
        t => t.Length <= 255 && !t.Any(char.IsControl)
    );
    public static readonly TextForm Path = new("a path", t => !t.Any(char.IsControl));
    public static readonly TextForm AbsolutePath = new("an absolute path", t => t.StartsWith('/') && !t.Any(char.IsControl));
    public static readonly TextForm File = new(
        "empty, an absolute path, or \"cred:NAME\" for a systemd credential",
        t => t.Length == 0 || SecretFile.IsValid(t)
    );
    public static readonly TextForm Host = new("\"embedded\", a host name or an IP address", IsHost);
    public static readonly TextForm Address = new("an IP address of this machine", IsAddress);
    public static readonly TextForm Url = new(
        "empty or an http:// or https:// address without user and password",
        t => t.Length == 0 || IsHttp(t)
    );
    public static readonly TextForm WebSocketUrl = new(
        "empty or a ws:// or wss:// address with a host name or IPv4 address, without user and password, such as \"ws://broker:9001/\"",
        t => t.Length == 0 || IsWebSocket(t)
    );
    public static readonly TextForm FourCc = new(
        "empty or four characters such as \"MJPG\"",
        t => t.Length is 0 or 4 && t.All(c => c is >= ' ' and <= '~')
    );
    public static readonly TextForm TopicPart = new("1 to 64 characters without +, # and spaces", IsTopicPart);
    public static readonly TextForm TopicPrefix = new(
        "1 to 64 characters without +, #, $ and spaces; levels between single slashes, for example \"site/hall-3\"",
        t => IsTopicPart(t) && !t.Contains('$', StringComparison.Ordinal) && t.Split('/').All(level => level.Length > 0)
    );
    public static readonly TextForm TopicOrNone = new(
        "empty or a topic of at most 128 characters without +, #, $ at its begin, and spaces",
        t => t.Length == 0 || IsTopic(t)
    );
    public static readonly TextForm Device = new(
        "a device path such as \"/dev/gpiochip0\"",
        t => t.StartsWith("/dev/", StringComparison.Ordinal) && t.Length > 5 && !t.Any(char.IsControl)
    );
    public static readonly TextForm GpioLine = new(
        "empty, the number of a line or its name (at most 31 characters)",
        t => t.Length <= 31 && !t.Any(char.IsControl) && !t.StartsWith('-')
    );
    public static readonly TextForm Camera = new($"{CameraUri.Forms}, without user and password (use credentials_file)", IsCamera);

    private static bool IsHost(string text) => text.Length <= 255 && Uri.CheckHostName(text) != UriHostNameType.Unknown;

    private static bool IsTopicPart(string text) => text.Length is >= 1 and <= 64 && HasTopicCharacters(text);

    private static bool IsTopic(string text) => text.Length <= 128 && text[0] != '$' && HasTopicCharacters(text);

    private static bool HasTopicCharacters(string text) => !text.Any(c => c is '+' or '#' || char.IsWhiteSpace(c) || char.IsControl(c));

    /// <summary>The library also accepts "5" for 0.0.0.5.</summary>
    private static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out var address) && (text.Contains(':', StringComparison.Ordinal) || address.ToString() == text);

    private static bool IsHttp(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https"
        && uri.UserInfo.Length == 0
        && uri.Host.Length > 0;

    /// <summary>A Content-Security-Policy, which names the broker to the browser, has no form for IPv6 addresses.</summary>
    private static bool IsWebSocket(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme is "ws" or "wss"
        && uri.UserInfo.Length == 0
        && uri.HostNameType is UriHostNameType.Dns or UriHostNameType.IPv4
        && uri.IdnHost == uri.Host
        && text.All(c => c is > ' ' and <= '~');

    private static bool IsCamera(string text) =>
        !text.Any(char.IsControl) && Value.WithoutSecrets(text) == text && CameraUri.TryParse(text, out _);
}
