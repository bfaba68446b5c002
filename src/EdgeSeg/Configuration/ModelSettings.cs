namespace EdgeSeg.Configuration;

internal enum ModelPrecision
{
    Auto,
    Fp32,
    Int8,
}

/// <summary><c>[model]</c></summary>
internal sealed class ModelSettings
{
    /// <summary>Empty: the bundle beside the executable.</summary>
    public string Dir { get; set; } = "";

    /// <summary>The bundle in the salience role, where the model has no saliency of its own. Empty: the bundle beside the executable.</summary>
    public string SalienceDir { get; set; } = "";

    public ModelPrecision Precision { get; set; } = ModelPrecision.Auto;

    public int Threads { get; set; }

    public double TimeoutS { get; set; } = 30;

    public static Section Section { get; } =
        new Section<ModelSettings>("model", "The segmentation model.", (s, _) => s.Model)
            .Text(
                "dir",
                TextForms.Path,
                "Bundle folder (model.json and its graphs); empty: the one beside the executable.",
                m => m.Dir,
                (m, v) => m.Dir = v
            )
            .Text(
                "salience_dir",
                TextForms.Path,
                "Bundle that clicks come from, for a model that finds nothing by itself; empty: the one beside the executable.",
                m => m.SalienceDir,
                (m, v) => m.SalienceDir = v
            )
            .Choice(
                "precision",
                "\"auto\" takes int8 where the processor gains from it.",
                m => m.Precision,
                (m, v) => m.Precision = v,
                ("auto", ModelPrecision.Auto),
                ("fp32", ModelPrecision.Fp32),
                ("int8", ModelPrecision.Int8)
            )
            .Integer(
                "threads",
                0,
                256,
                "Threads for one inference; 0: as many as the processor has cores.",
                m => m.Threads,
                (m, v) => m.Threads = v
            )
            .Number(
                "timeout_s",
                0.1,
                600,
                "Seconds after which an inference that hangs is cut.",
                m => m.TimeoutS,
                (m, v) => m.TimeoutS = v
            );
}

/// <summary><c>[runtime]</c>: native libraries; empty paths mean the executable's folder, then the system's loader.</summary>
internal sealed class RuntimeSettings
{
    public string Library { get; set; } = "";

    public string OpenCvLibrary { get; set; } = "";

    public IReadOnlyList<string> Providers { get; set; } = [];

    public static Section Section { get; } =
        new Section<RuntimeSettings>("runtime", "Native libraries.", (s, _) => s.Runtime)
            .Text(
                "library",
                TextForms.Path,
                "libonnxruntime.so to load; empty: the one beside the executable, then the system's.",
                r => r.Library,
                (r, v) => r.Library = v
            )
            .Text(
                "opencv_library",
                TextForms.Path,
                "libOpenCvSharpExtern.so to load; empty: likewise.",
                r => r.OpenCvLibrary,
                (r, v) => r.OpenCvLibrary = v
            )
            .List(
                "providers",
                ["cpu", "xnnpack", "cuda", "tensorrt"],
                "Execution providers in order of preference; []: chosen at start.",
                r => r.Providers,
                (r, v) => r.Providers = v
            );
}

/// <summary><c>[auto]</c></summary>
internal sealed class AutoSettings
{
    public double Threshold { get; set; } = 0.5;

    public int SaliencyEvery { get; set; } = 1;

    public static Section Section { get; } =
        new Section<AutoSettings>("auto", "Finding the salient object.", (s, _) => s.Auto)
            .Number("threshold", 0.01, 0.99, "Saliency from which a pixel belongs to a blob.", a => a.Threshold, (a, v) => a.Threshold = v)
            .Integer(
                "saliency_every",
                1,
                100,
                "Looks for the salient object in every Nth frame; in between, the last clicks are asked again: faster, and what moves fast is lost.",
                a => a.SaliencyEvery,
                (a, v) => a.SaliencyEvery = v
            );
}
