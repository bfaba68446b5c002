using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace EdgeSeg.Platform;

/// <summary>
/// The check of a server's certificate in one TLS handshake. A refused one leaves a sentence: what is wrong, and what was expected.
/// </summary>
/// <param name="name">The name that the certificate must have: a host name or an IP address.</param>
/// <param name="time">The clock of the dates.</param>
/// <param name="peer">Who shows the certificate.</param>
/// <param name="trust">The setting that names other authorities.</param>
/// <param name="address">The setting that names the server.</param>
internal sealed class ServerCertificateCheck(
    string name,
    TimeProvider time,
    string peer = "the broker",
    string trust = "mqtt.ca_file",
    string address = "mqtt.host"
)
{
    private const int ShownNames = 5;

    // a clock before this date was never set: no certificate can be valid then
    private static readonly DateTimeOffset earliest = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Why the certificate was refused; null: it was not.</summary>
    public string? Fault { get; private set; }

    /// <summary>The certificate was shown and is good: what fails afterwards is not the server's certificate.</summary>
    public bool IsAccepted { get; private set; }

    /// <param name="authorities">That may sign the server's certificate; null: those of the system.</param>
    public static X509ChainPolicy? ChainPolicy(X509Certificate2Collection? authorities)
    {
        if (authorities is null)
            return null;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    public bool Accept(X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        Fault = errors == SslPolicyErrors.None ? null : Explain(shown, chain, errors);
        IsAccepted = Fault is null;
        return IsAccepted;
    }

    private string Explain(X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if (shown is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return $"{peer} sent no certificate";
        using var certificate = new X509Certificate2(shown);
        var flags =
            chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status) ?? X509ChainStatusFlags.NoError;
        if (flags.HasFlag(X509ChainStatusFlags.NotTimeValid))
            return Dates(chain!);
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            return
                (flags & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.NotSignatureValid))
                != 0
                ? $"{peer}'s certificate is from an unknown authority ({Text(certificate.Issuer)}): set {trust} to the "
                    + "certificate of that authority"
                : $"{peer}'s certificate is not valid: "
                    + $"{string.Join(", ", chain!.ChainStatus.Select(s => Text(s.StatusInformation)).Distinct())}";
        }

        return $"{peer}'s certificate has the wrong name: it is for {Names(certificate)}, and '{name}' is required: correct "
            + $"{address}, or issue a certificate with this name";
    }

    /// <summary>The certificate in the chain whose dates are wrong, and the dates.</summary>
    private string Dates(X509Chain chain)
    {
        var now = time.GetUtcNow();
        if (now < earliest)
            return $"the clock of this device is at {Day(now)}, so no certificate is valid: set the clock";
        var wrong =
            chain
                .ChainElements.FirstOrDefault(e => e.ChainElementStatus.Any(s => s.Status == X509ChainStatusFlags.NotTimeValid))
                ?.Certificate
            ?? chain.ChainElements[0].Certificate;
        var which = wrong.Equals(chain.ChainElements[0].Certificate)
            ? $"{peer}'s certificate"
            : $"the authority's certificate ({Text(wrong.Subject)})";
        return wrong.NotAfter.ToUniversalTime() < now.UtcDateTime
            ? $"{which} expired on {Day(wrong.NotAfter)} (valid from {Day(wrong.NotBefore)}; today is {Day(now)}): renew it"
            : $"{which} is valid only from {Day(wrong.NotBefore)} (until {Day(wrong.NotAfter)}; today is {Day(now)}): check the clock of "
                + "this device";
    }

    private static string Names(X509Certificate2 certificate)
    {
        var alternative = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        var names = alternative is null
            ? [certificate.GetNameInfo(X509NameType.DnsName, false)]
            : alternative.EnumerateDnsNames().Concat(alternative.EnumerateIPAddresses().Select(a => a.ToString())).ToArray();
        var shown = names.Where(n => n.Length > 0).Take(ShownNames).Select(n => $"'{Text(n)}'").ToArray();
        return shown.Length == 0 ? "no name" : string.Join(", ", shown) + (names.Length > ShownNames ? ", ..." : "");
    }

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>A text of the certificate, which nobody has verified, fit for one line.</summary>
    private static string Text(string text) => new([.. text.Where(c => !char.IsControl(c)).Take(120)]);
}
