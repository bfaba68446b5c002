namespace EdgeSeg.Vision.Models;

/// <summary>One bundle of a model: <c>segmenter</c>, and <c>salience</c> when another bundle gives the saliency.</summary>
internal sealed record ModelRole(string Role, ModelInfo Info, string WeightsLicence, bool GainsFromZoom, bool AcceptsNegativeClicks);

/// <summary>What people and messages learn about a model in use.</summary>
/// <param name="Roles">Its bundles; the first one segments.</param>
/// <param name="Provider">The execution provider in use.</param>
/// <param name="PassedOver">Why providers that were tried or configured are not used: one sentence each.</param>
/// <param name="PrecisionReason">Why it runs in its precision.</param>
internal sealed record ModelDescription(
    IReadOnlyList<ModelRole> Roles,
    string Provider,
    IReadOnlyList<string> PassedOver,
    string PrecisionReason
)
{
    /// <summary>Name, version and precision of the segmenter, for a person.</summary>
    public string Title => $"{Roles[0].Info.Name} {Roles[0].Info.Version} {Roles[0].Info.Precision} ({PrecisionReason})";
}

/// <summary>A model that is loaded and ready to run: <see cref="LoadedModel"/>, or a scripted model in tests.</summary>
internal interface IInferenceModel : IDisposable
{
    ISegmenter Segmenter { get; }

    /// <summary>Name, version and hash as messages carry them.</summary>
    ModelInfo Info { get; }

    /// <summary>What is published and shown about it.</summary>
    ModelDescription Description { get; }

    /// <summary>Numbers that were measured for the weights; null: none were.</summary>
    BundleThresholds? Thresholds { get; }

    /// <summary>
    /// True: every run of the model, current or later, ends with the runtime's error. False: runs are allowed again. Any thread.
    /// </summary>
    void SetCancelled(bool cancelled);
}
