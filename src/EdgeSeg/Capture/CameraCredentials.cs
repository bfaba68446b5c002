using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Capture;

/// <summary>
/// A camera's credentials file: one line, <c>user:password</c>. Read at each opening, so that a changed password is taken.
/// </summary>
internal static class CameraCredentials
{
    private const string Remedy = "write one line, user:password, into it, readable for this user only";

    /// <exception cref="OperatingException">It cannot be read or does not hold a line of that form.</exception>
    public static (string User, string Password) Read(string file)
    {
        try
        {
            if (FinalFile.Of(file).Length > CaptureLimits.MaxCredentialsBytes)
                throw new OperatingException($"the credentials file '{file}' is too large; {Remedy}", 2);
            var line = File.ReadAllText(file).Trim();
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line.AsSpan().ContainsAny('\n', '\r'))
                throw new OperatingException($"the credentials file '{file}' does not hold user:password; {Remedy}", 2);
            return (line[..colon], line[(colon + 1)..]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"the credentials file '{file}' cannot be read ({e.Message}); {Remedy}", 2);
        }
    }
}
