namespace EdgeSeg.Vision.Models;

/// <summary>A model that is loaded and ready to run: <see cref="LoadedModel"/>, or a scripted model in tests.</summary>
internal interface IInferenceModel : IDisposable
{
    ISegmenter Segmenter { get; }

    /// <summary>Name, version and hash as messages carry them.</summary>
    ModelInfo Info { get; }

    /// <summary>
    /// True: every run of the model, current or later, ends with the runtime's error. False: runs are allowed again. Any thread.
    /// </summary>
    void SetCancelled(bool cancelled);
}
