using EdgeSeg.Vision;

namespace EdgeSeg.Configuration;

/// <summary>Whether a second pass looks at a crop around the object.</summary>
internal enum ZoomMode
{
    Auto,
    Off,
}

/// <summary><c>[frames]</c></summary>
internal sealed class FramesSettings
{
    public int HoldMib { get; set; } = 64;

    public long HoldBytes => (long)HoldMib << 20;

    public static Section Section { get; } =
        new Section<FramesSettings>("frames", "Frames kept for commands that name them.", (s, _) => s.Frames).Integer(
            "hold_mib",
            1,
            4096,
            "Memory for their pixels in MiB, all cameras together. Frames of the last 5 s are kept in the resolution that fits, "
                + "the model's input size at least.",
            f => f.HoldMib,
            (f, v) => f.HoldMib = v
        );
}

/// <summary><c>[model]</c></summary>
internal sealed class ModelSettings
{
    /// <summary>Empty: the bundle beside the executable.</summary>
    public string Dir { get; set; } = "";

    /// <summary>
    /// The bundle in the salience role, for a model without saliency of its own. Empty: the bundle beside the executable.
    /// </summary>
    public string SalienceDir { get; set; } = "";

    public ModelPrecision Precision { get; set; } = ModelPrecision.Auto;

    public int Threads { get; set; }

    public ZoomMode Zoom { get; set; } = ZoomMode.Auto;

    /// <summary>Crops are looked at, with models that gain from it.</summary>
    public bool IsZoomOn => Zoom == ZoomMode.Auto;

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
                "Bundle that finds the salient object, for a model that cannot; empty: the one beside the executable.",
                m => m.SalienceDir,
                (m, v) => m.SalienceDir = v
            )
            .Choice(
                "precision",
                "\"auto\" takes int8 where the processor is faster with it.",
                m => m.Precision,
                (m, v) => m.Precision = v,
                (ModelPrecision.Auto.ToWire(), ModelPrecision.Auto),
                (ModelPrecision.Fp32.ToWire(), ModelPrecision.Fp32),
                (ModelPrecision.Int8.ToWire(), ModelPrecision.Int8)
            )
            .Integer("threads", 0, 256, "Threads for one inference; 0: one for each core.", m => m.Threads, (m, v) => m.Threads = v)
            .Choice(
                "zoom",
                "\"auto\" makes a second pass on a crop around the object, with models that gain from it; "
                    + "\"off\" takes half the time, and masks of small objects are coarser.",
                m => m.Zoom,
                (m, v) => m.Zoom = v,
                ("auto", ZoomMode.Auto),
                ("off", ZoomMode.Off)
            )
            .Number("timeout_s", 0.1, 600, "Seconds after which an inference is cancelled.", m => m.TimeoutS, (m, v) => m.TimeoutS = v);
}

/// <summary><c>[runtime]</c>: native libraries; an empty path means the executable's folder, then the system's loader.</summary>
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
                "libOpenCvSharpExtern.so to load; empty: the one beside the executable, then the system's.",
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

    private const string EveryDoc =
        "Runs the saliency pass on every Nth frame and repeats the last clicks in between: faster, but fast objects are lost.";

    public static Section Section { get; } =
        new Section<AutoSettings>("auto", "Automatic masks: finding the salient object.", (s, _) => s.Auto)
            .Number(
                "threshold",
                0.01,
                0.99,
                "Saliency from which a pixel belongs to an object.",
                a => a.Threshold,
                (a, v) => a.Threshold = v
            )
            .Integer("saliency_every", 1, 100, EveryDoc, a => a.SaliencyEvery, (a, v) => a.SaliencyEvery = v);
}
