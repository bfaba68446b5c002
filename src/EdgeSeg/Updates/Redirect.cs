using System.Net;
using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>
/// Where a server redirects to, if that is allowed. A refused redirect is tried again later: the server's operator may correct it, and it
/// is never followed.
/// </summary>
internal static class Redirect
{
    public static bool Is(HttpStatusCode status) =>
        status
            is HttpStatusCode.MovedPermanently
                or HttpStatusCode.Found
                or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect
                or HttpStatusCode.PermanentRedirect;

    /// <exception cref="UpdateException">It is not allowed, or not an address.</exception>
    public static Uri Target(Uri from, HttpResponseMessage response, IReadOnlyList<string> schemes)
    {
        var text = response.Headers.NonValidated.TryGetValues("Location", out var values) ? values.ToString() : "";
        // a Uri of "/x" or "//host/x" alone would be a file on this system
        var whole =
            text.StartsWith("//", StringComparison.Ordinal) ? from.Scheme + ":" + text
            : text.StartsWith('/') ? from.GetLeftPart(UriPartial.Authority) + text
            : text;
        if (text.Length == 0 || !Uri.TryCreate(from, whole, out var to))
            throw new UpdateException(
                UpdateReason.Unreachable,
                $"{from.Authority} redirects to something that is not an address",
                retry: true
            );
        if (from.Scheme == Uri.UriSchemeHttps && to.Scheme == Uri.UriSchemeHttp)
        {
            throw new UpdateException(
                UpdateReason.InsecureRedirect,
                $"{from.Authority} redirects from https to http ({to.Authority}), which is not followed",
                retry: true
            );
        }

        return to.Scheme != Uri.UriSchemeFile && schemes.Contains(to.Scheme)
            ? to
            : throw new UpdateException(
                UpdateReason.SourceRefused,
                $"{from.Authority} redirects to {to.Scheme}://, which update.sources does not allow",
                retry: true
            );
    }
}
