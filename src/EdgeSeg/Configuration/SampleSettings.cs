namespace EdgeSeg.Configuration;

/// <summary><c>[samples]</c>: frames worth labelling that are kept on the disk.</summary>
internal sealed class SampleSettings
{
    public bool Enabled { get; set; }

    public int MaxMib { get; set; } = 256;

    public int MaxPerDay { get; set; } = 200;

    public double MinGapS { get; set; } = 60;

    public double LowScore { get; set; } = 0.4;

    public double LowAgreement { get; set; } = 0.5;

    /// <summary>Empty: no picture leaves the device.</summary>
    public string Upload { get; set; } = "";

    private const string Doc =
        "Frames worth labelling, kept in state_dir/samples: pictures of what the cameras see. Off by default; "
        + "see docs/guides/hard-frames.md.";

    public static Section Section { get; } =
        new Section<SampleSettings>("samples", Doc, (s, _) => s.Samples)
            .Flag(
                "enabled",
                "Keep frames: a low score, a mask that the saliency map does not confirm, a mask that an operator corrected, nothing found "
                    + "where the frame before had an object.",
                s => s.Enabled,
                (s, v) => s.Enabled = v
            )
            .Integer(
                "max_mib",
                1,
                16384,
                "Largest size of all kept frames in MiB; the oldest are removed for new ones.",
                s => s.MaxMib,
                (s, v) => s.MaxMib = v
            )
            .Integer("max_per_day", 1, 10_000, "Most frames written in 24 hours.", s => s.MaxPerDay, (s, v) => s.MaxPerDay = v)
            .Number(
                "min_gap_s",
                0,
                86400,
                "Least seconds between two frames of one camera kept for the same reason; corrections are always kept.",
                s => s.MinGapS,
                (s, v) => s.MinGapS = v
            )
            .Number("low_score", 0, 1, "Masks with a lower score are kept.", s => s.LowScore, (s, v) => s.LowScore = v)
            .Number(
                "low_agreement",
                0,
                1,
                "Masks whose IoU with the salient region is lower are kept (models with zoom only).",
                s => s.LowAgreement,
                (s, v) => s.LowAgreement = v
            )
            .Text(
                "upload",
                TextForms.TopicOrNone,
                "Topic to which the command samples publishes a kept picture; empty: no picture leaves the device.",
                s => s.Upload,
                (s, v) => s.Upload = v
            );
}
