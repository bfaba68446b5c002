using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// Makes a bundle from EfficientSAM's two published ONNX files, and an int8 form of the encoder if there is one: checks inputs, outputs,
/// types and a trial run, and reports whether they are the published files. The weights do not ship with this program;
/// https://github.com/yformer/EfficientSAM has them under <c>weights/</c>.
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

    /// <summary>Least IoU of the masks that the int8 and the fp32 encoder give to the self-check's picture.</summary>
    private const double MinAgreement = 0.8;

    /// <param name="encoderFile">ONNX file.</param>
    /// <param name="int8File">ONNX file of the same encoder that <c>edgeseg_training quantise</c> wrote, or null.</param>
    /// <param name="decoderFile">ONNX file.</param>
    /// <param name="name">Of the model, in messages.</param>
    /// <param name="folder">Of the bundle; must not exist.</param>
    /// <param name="threads">0 = as many as there are cores, at most four.</param>
    /// <returns>What was found, name and value, for a person.</returns>
    /// <exception cref="OperatingException">The files cannot be used, or the bundle cannot be written.</exception>
    public static IReadOnlyList<(string Name, string Value)> Run(
        string encoderFile,
        string? int8File,
        string decoderFile,
        string name,
        string folder,
        int threads
    )
    {
        if (Directory.Exists(folder) || File.Exists(folder))
            throw new OperatingException($"{folder} exists already: choose another folder with --out, or remove it");
        byte[] encoder = Read(encoderFile),
            decoder = Read(decoderFile);
        var int8 = int8File is null ? null : Read(int8File);
        var trial = Try(encoder, "given as --encoder", decoder, threads);
        var (origin, licence) = Origin(encoder, decoder);
        var graphs = new List<GraphFile> { Describe("encoder", encoder, trial) };
        var files = new List<byte[]> { encoder };
        var report = new List<(string, string)>
        {
            ("bundle", Path.GetFullPath(folder)),
            ("weights", origin),
            ("weights licence", licence),
            ("picture", trial.Form),
            (
                "good for",
                $"up to {PromptBuffer.MaxPoints} points, a box, or both; segment --everything; not for negative clicks (not trained)"
            ),
            ("automatic mode", "clicks come from the model in the salience role (model.salience_dir; the shipped SqueezeSAM when empty)"),
            ("time here", TimeOf(trial)),
        };
        if (int8 is not null)
        {
            var second = Try(int8, "given as --encoder-int8", decoder, threads);
            var agreement = RequireSameModel(trial, second, encoderFile, int8File!);
            graphs.Add(Describe("encoder", int8, second));
            files.Add(int8);
            report.Add(("time here, int8", TimeOf(second)));
            report.Add(
                (
                    "int8",
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"calibrated on {second.Calibration!.Images} images ({second.Calibration.From}); on the self-check's picture its "
                            + $"mask has an IoU of {agreement:0.000} with that of fp32; used where the processor gains from it"
                    )
                )
            );
        }

        graphs.Add(Describe("decoder", decoder));
        files.Add(decoder);
        var manifest = new ModelManifest
        {
            Name = name,
            Version = 1,
            Kind = EfficientSam.Kind,
            WeightsLicence = licence,
            Graphs = graphs,
        };
        Write(folder, manifest, files);
        report.Add(("use it", $"edgeseg segment PHOTO --model {folder}, or model.dir in the configuration"));
        return report;
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
    private static Trial Try(byte[] encoderBytes, string encoderName, byte[] decoderBytes, int threads)
    {
        using var encoder = new ModelSession(encoderBytes, encoderName, threads, lean: true);
        using var decoder = new ModelSession(decoderBytes, "given as --decoder", threads: 1, lean: true);
        using var sam = new EfficientSam(encoder, decoder, saliencyModel: null);
        var answer = SelfCheck.Ask(sam);
        if (answer.Reason == Segmentation.BadModelOutput)
            throw new OperatingException("the graphs give values that are not numbers: the files are damaged, fetch them again");
        return new Trial(
            answer.Times[Stage.Embed],
            answer.Times[Stage.Decode],
            $"{sam.InputWidth}x{sam.InputHeight}, {sam.MaskCount} masks a prompt",
            answer.Mask,
            encoder.Calibration
        );
    }

    /// <summary>What a pair of graphs answers to the self-check. A class: nobody compares two, and a record has members that do.</summary>
    private sealed class Trial(double embedMs, double decodeMs, string form, BinaryMask mask, Calibration? calibration)
    {
        public double EmbedMs => embedMs;

        public double DecodeMs => decodeMs;

        public string Form => form;

        public BinaryMask Mask => mask;

        public Calibration? Calibration => calibration;

        public string Precision => calibration is null ? "fp32" : "int8";
    }

    private static string TimeOf(Trial trial) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{trial.EmbedMs:0} ms to encode a picture, {trial.DecodeMs:0} ms for each prompt on it ({trial.Precision}, CPU)"
        );

    /// <returns>IoU of the masks of the self-check's picture.</returns>
    private static double RequireSameModel(Trial first, Trial int8, string firstFile, string int8File)
    {
        if (first.Calibration is not null)
            throw new OperatingException(
                $"{firstFile}: is int8 already: name the fp32 encoder with --encoder, or leave out --encoder-int8"
            );
        if (int8.Calibration is null)
            throw new OperatingException(
                $"{int8File}: does not say which images it was calibrated on: make it with edgeseg_training quantise (models/training)"
            );
        var agreement = BinaryMask.Iou(first.Mask, int8.Mask);
        return agreement >= MinAgreement
            ? agreement
            : throw new OperatingException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{int8File}: its mask of the self-check's picture has an IoU of {agreement:0.000} with that of {firstFile}, "
                        + $"{MinAgreement:0.0} is required: name the int8 form of the same encoder, or calibrate it on more photographs"
                )
            );
    }

    private static GraphFile Describe(string role, byte[] bytes, Trial? trial = null) =>
        new()
        {
            Role = role,
            Precision = trial?.Precision ?? "fp32",
            File = role + (trial?.Calibration is null ? ".onnx" : "-int8.onnx"),
            Bytes = bytes.LongLength,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)),
            Golden = trial is null ? null : SelfCheck.Counts(trial.Mask),
            Calibration = trial?.Calibration,
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
    private static void Write(string folder, ModelManifest manifest, List<byte[]> files)
    {
        var place = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        // a name that no folder of the user has
        var draft = $"{place}-{Path.GetRandomFileName()}.part";
        try
        {
            Directory.CreateDirectory(draft);
            for (var i = 0; i < files.Count; i++)
                File.WriteAllBytes(Path.Combine(draft, manifest.Graphs[i].File), files[i]);
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
