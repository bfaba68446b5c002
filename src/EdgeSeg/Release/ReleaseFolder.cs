using System.Security.Cryptography;
using EdgeSeg.Configuration;
using EdgeSeg.Messages;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Release;

/// <summary>A signature beside the manifest. <see cref="File"/> is its file name.</summary>
internal sealed record SignatureFile(string File, EnvelopeSignature Signature);

/// <summary>
/// The folder that operators copy from one to the other: <c>manifest.json</c>, the files that it names, and a
/// <c>manifest.json.KEYID.sig</c> for each signature: raw DER, so that openssl alone can check it.
/// </summary>
internal sealed class ReleaseFolder(string path)
{
    public const string ManifestName = "manifest.json";
    private const string SignatureEnd = ".sig";

    public string Path { get; } = path;

    private string ManifestPath => System.IO.Path.Combine(Path, ManifestName);

    /// <summary>The bytes that are signed.</summary>
    public byte[] ReadManifest()
    {
        if (Named(ManifestName).Length == 0)
            throw new OperatingException($"{Path} holds no {ManifestName}: name a folder that edgeseg model pack made", 2);
        return SettingsFile.ReadBytes(ManifestPath, UpdateLimits.MaxEnvelopeBytes);
    }

    /// <exception cref="OperatingException">It breaks a rule of manifests.</exception>
    public static Manifest Parse(byte[] manifest)
    {
        try
        {
            return Manifest.Read(manifest);
        }
        catch (UpdateException e)
        {
            throw new OperatingException($"{e.Message}: pack again");
        }
    }

    /// <summary>Writes a manifest and removes the signatures of the one before it.</summary>
    /// <exception cref="OperatingException">It breaks a rule, or cannot be written.</exception>
    public void WriteManifest(Manifest manifest)
    {
        if (ManifestRules.Fault(manifest) is { } fault)
            throw new OperatingException($"the manifest would be invalid: {fault}", 2);
        var bytes = manifest.Write();
        RequireFits(
            new Envelope
            {
                V = 1,
                Manifest = bytes,
                Signatures =
                [
                    new EnvelopeSignature
                    {
                        Key = new string('0', 32),
                        Alg = EnvelopeSignature.EcdsaP256Sha256,
                        Sig = new byte[72],
                    },
                ],
            }
        );
        try
        {
            Directory.CreateDirectory(Path);
            foreach (var old in Directory.GetFiles(Path, ManifestName + ".*" + SignatureEnd))
                File.Delete(old);
            AtomicFile.WriteAmongOthers(ManifestPath, bytes, "release");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{ManifestPath} cannot be written ({e.Message}): choose another folder with --out");
        }
    }

    public IReadOnlyList<SignatureFile> ReadSignatures()
    {
        var found = new List<SignatureFile>();
        foreach (var file in Named(ManifestName + ".*" + SignatureEnd))
        {
            var name = System.IO.Path.GetFileName(file);
            var signature = new EnvelopeSignature
            {
                Key = name[(ManifestName.Length + 1)..^SignatureEnd.Length],
                Alg = EnvelopeSignature.EcdsaP256Sha256,
                Sig = SettingsFile.ReadBytes(file, UpdateLimits.MaxKeyBytes),
            };
            found.Add(new SignatureFile(name, signature));
        }

        return found;
    }

    /// <summary>Signs and returns the name of the signature's file.</summary>
    public string Sign(byte[] manifest, SigningKey key)
    {
        var name = $"{ManifestName}.{key.Id}{SignatureEnd}";
        try
        {
            AtomicFile.WriteAmongOthers(System.IO.Path.Combine(Path, name), key.Sign(manifest), "release");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{name} cannot be written into {Path} ({e.Message}): check the folder's owner and mode");
        }

        return name;
    }

    /// <summary>What <c>model/desired</c> carries.</summary>
    /// <exception cref="OperatingException">It is not signed, or too large for a device.</exception>
    public Envelope Seal(byte[] manifest)
    {
        var signatures = ReadSignatures();
        if (signatures.Count == 0)
            throw new OperatingException($"{Path} is not signed, and no device would take it: edgeseg model sign {Path} --key NAME.key");
        var envelope = new Envelope
        {
            V = 1,
            Manifest = manifest,
            Signatures = [.. signatures.Select(s => s.Signature)],
        };
        RequireFits(envelope);
        return envelope;
    }

    /// <summary>The first file that differs from the manifest, as a sentence; null: none.</summary>
    public string? FileFault(BundleInfo bundle)
    {
        foreach (var file in bundle.Files)
        {
            try
            {
                var path = System.IO.Path.Combine(Path, file.Name);
                var info = FinalFile.Of(path);
                if (!info.Exists)
                    return $"{file.Name} is not there";
                if (info.Length != file.Bytes)
                    return $"{file.Name} has {info.Length} bytes, the manifest says {file.Bytes}";
                if (HashOf(path) != file.Sha256)
                    return $"{file.Name} is altered: its SHA-256 is not the manifest's";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return $"{file.Name} cannot be read ({e.Message})";
            }
        }

        return null;
    }

    /// <summary>A file as a manifest names it.</summary>
    public static BundleFile Describe(string path) =>
        new()
        {
            Name = System.IO.Path.GetFileName(path),
            Bytes = FinalFile.Of(path).Length,
            Sha256 = HashOf(path),
        };

    /// <summary>Paths of the files that a pattern fits, in order; also of links that lead nowhere.</summary>
    private string[] Named(string pattern)
    {
        try
        {
            return [.. Directory.GetFiles(Path, pattern).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            throw new OperatingException($"{Path} does not exist: name a folder that edgeseg model pack made", 2);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new OperatingException($"{Path} cannot be read ({e.Message}): check its owner and mode");
        }
    }

    private static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static void RequireFits(Envelope envelope)
    {
        var bytes = envelope.Write().Length;
        if (bytes > UpdateLimits.MaxEnvelopeBytes)
            throw new OperatingException(
                $"the signed manifest has {bytes} bytes, more than the "
                    + $"{UpdateLimits.MaxEnvelopeBytes} that devices take: name fewer files, keys or boards"
            );
    }
}
