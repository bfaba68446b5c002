using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// Makes a bundle from EfficientSAM's two published ONNX files: checks inputs, outputs, types and a trial run, and reports whether they are
/// the published files. The weights do not ship with this program; https://github.com/yformer/EfficientSAM has them under <c>weights/</c>.
/// </summary>
internal static class EfficientSamImport
{
    public const string DefaultName = "efficientsam";

    /// <summary>Published files by their git blob id.</summary>
    private static readonly Dictionary<string, string> published = new()
    {
        ["6458f72477ae216a1bd68db41ffa14802c8d54f1"] = "efficient_sam_vitt_encoder.onnx",
        ["f9310202c916fe5a4ec9a6897edae855caf023f4"] = "efficient_sam_vitt_decoder.onnx",
    };

    /// <param name="encoderFile">ONNX file.</param>
    /// <param name="decoderFile">ONNX file.</param>
    /// <param name="name">Of the model, in messages.</param>
    /// <param name="folder">Of the bundle; must not exist.</param>
    /// <param name="threads">0 = as many as there are cores, at most four.</param>
    /// <returns>What was found, name and value, for a person.</returns>
    /// <exception cref="OperatingException">The files cannot be used, or the bundle cannot be written.</exception>
    public static IReadOnlyList<(string Name, string Value)> Run(
        string encoderFile,
        string decoderFile,
        string name,
        string folder,
        int threads
    )
    {
        if (Directory.Exists(folder) || File.Exists(folder))
            throw new OperatingException($"{folder} exists already: choose another folder with --out, or remove it");
        byte[] encoderBytes = Read(encoderFile),
            decoderBytes = Read(decoderFile);
        var trial = Try(encoderBytes, decoderBytes, threads);
        var (origin, licence) = Origin(encoderBytes, decoderBytes);
        var manifest = new ModelManifest
        {
            Name = name,
            Version = 1,
            Kind = EfficientSam.Kind,
            WeightsLicence = licence,
            Graphs = [Describe("encoder", encoderBytes) with { Golden = trial.Golden }, Describe("decoder", decoderBytes)],
        };
        Write(folder, manifest, encoderBytes, decoderBytes);
        return
        [
            ("bundle", Path.GetFullPath(folder)),
            ("weights", origin),
            ("weights licence", licence),
            ("picture", trial.Form),
            (
                "good for",
                $"up to {PromptBuffer.MaxPoints} points, a box, or both; segment --everything; not for negative clicks (not trained)"
            ),
            ("automatic mode", "clicks come from the model in the salience role (model.salience_dir; the shipped SqueezeSAM when empty)"),
            (
                "time here",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{trial.EmbedMs:0} ms to encode a picture, {trial.DecodeMs:0} ms for each prompt on it (fp32, CPU)"
                )
            ),
            ("use it", $"edgeseg segment PHOTO --model {folder}, or model.dir in the configuration"),
        ];
    }

    /// <summary>The id under which git would keep a file: SHA-1 of "blob", its length and its bytes.</summary>
    public static string GitBlobId(ReadOnlySpan<byte> content)
    {
#pragma warning disable CA5350 // git's name for a file, not a protection: loaded files are checked by SHA-256
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        sha.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {content.Length}\0")));
        sha.AppendData(content);
        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    private static (string Origin, string Licence) Origin(byte[] encoder, byte[] decoder)
    {
        string[] ids = [GitBlobId(encoder), GitBlobId(decoder)];
        string[] known = [.. ids.Where(published.ContainsKey).Select(i => published[i])];
        return known.Length == ids.Length
            ? ($"the published {string.Join(" and ", known)} of EfficientSAM", "Apache-2.0, as the EfficientSAM repository states")
            : (
                $"not the published EfficientSAM-Ti files, but graphs of the same inputs and outputs (git blob ids {ids[0][..12]}, "
                    + $"{ids[1][..12]}{(known.Length > 0 ? $"; only {known[0]} is known" : "")}): their quality is not known",
                "not known: ask the author of these weights"
            );
    }

    /// <summary>Runs both graphs on one picture and one click, as the self-check will.</summary>
    private static Trial Try(byte[] encoderBytes, byte[] decoderBytes, int threads)
    {
        using var encoder = new ModelSession(encoderBytes, "given as --encoder", threads, lean: true);
        using var decoder = new ModelSession(decoderBytes, "given as --decoder", threads: 1, lean: true);
        using var sam = new EfficientSam(encoder, decoder, saliencyModel: null);
        var answer = SelfCheck.Ask(sam);
        if (answer.Reason == Segmentation.BadModelOutput)
            throw new OperatingException("the graphs give values that are not numbers: the files are damaged, fetch them again");
        return new Trial(
            answer.Times[Stage.Embed],
            answer.Times[Stage.Decode],
            $"{sam.InputWidth}x{sam.InputHeight}, {sam.MaskCount} masks a prompt",
            SelfCheck.Counts(answer.Mask)
        );
    }

    private sealed record Trial(double EmbedMs, double DecodeMs, string Form, string Golden);

    private static GraphFile Describe(string role, byte[] bytes) =>
        new()
        {
            Role = role,
            Precision = "fp32",
            File = role + ".onnx",
            Bytes = bytes.LongLength,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)),
        };

    private static byte[] Read(string file)
    {
        try
        {
            var length = FinalFile.Of(file).Length;
            // devices and pipes have length 0 too, and have no end or block for ever
            if (length == 0)
                throw new OperatingException($"{file}: is empty or not a plain file: name a file, copied whole");
            if (length > ModelBundle.MaxGraphBytes)
                throw new OperatingException(
                    $"{file}: has {length} bytes, more than {ModelBundle.MaxGraphBytes}: it is not one of EfficientSAM's graphs"
                );
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException(
                $"{file}: cannot be read ({e.Message}): name the ONNX files from "
                    + "https://github.com/yformer/EfficientSAM/tree/main/weights with --encoder and --decoder"
            );
        }
    }

    /// <summary>Whole or not at all: written beside its place, then moved there.</summary>
    private static void Write(string folder, ModelManifest manifest, byte[] encoder, byte[] decoder)
    {
        var place = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        // a name that no folder of the user has
        var draft = $"{place}-{Path.GetRandomFileName()}.part";
        try
        {
            Directory.CreateDirectory(draft);
            File.WriteAllBytes(Path.Combine(draft, manifest.Graphs[0].File), encoder);
            File.WriteAllBytes(Path.Combine(draft, manifest.Graphs[1].File), decoder);
            File.WriteAllBytes(
                Path.Combine(draft, ModelBundle.ManifestName),
                JsonSerializer.SerializeToUtf8Bytes(manifest, ModelJson.Default.ModelManifest)
            );
            Directory.Move(draft, place);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (Directory.Exists(draft))
                Directory.Delete(draft, recursive: true);
            throw new OperatingException($"{place}: cannot be written ({e.Message}): choose another folder with --out");
        }
    }
}
