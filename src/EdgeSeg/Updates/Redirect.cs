using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>Where a server sends us on to, if we may go there.</summary>
internal static class Redirect
{
    /// <exception cref="UpdateException">We may not, or it is no address.</exception>
    public static Uri Target(Uri from, HttpResponseMessage response, IReadOnlyList<string> schemes)
    {
        var text = response.Headers.NonValidated.TryGetValues("Location", out var values) ? values.ToString() : "";
        // a Uri of "/x" or "//host/x" alone would be a file's on this system
        var whole =
            text.StartsWith("//", StringComparison.Ordinal) ? from.Scheme + ":" + text
            : text.StartsWith('/') ? from.GetLeftPart(UriPartial.Authority) + text
            : text;
        if (text.Length == 0 || !Uri.TryCreate(from, whole, out var to))
            throw new UpdateException(UpdateReason.Unreachable, $"{from.Authority} redirects to something that is no address", retry: true);
        if (from.Scheme == Uri.UriSchemeHttps && to.Scheme == Uri.UriSchemeHttp)
            throw new UpdateException(UpdateReason.InsecureRedirect, $"{from.Authority} redirects from https to http ({to.Authority})");
        if (to.Scheme == Uri.UriSchemeFile || !schemes.Contains(to.Scheme))
            throw new UpdateException(UpdateReason.SourceRefused, $"{from.Authority} redirects to {to.Scheme}://, which is not allowed");
        return to;
    }
}
