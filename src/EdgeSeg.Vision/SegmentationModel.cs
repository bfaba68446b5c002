using EdgeSeg.Vision.AutomaticMasks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using Microsoft.ML.OnnxRuntime;

namespace EdgeSeg.Vision;

/// <summary>
/// A promptable segmentation model: SqueezeSAM (Varadarajan et al., 2023) or EfficientSAM (Xiong et al., 2023), run by ONNX Runtime. A
/// model is a folder (a bundle) with <c>model.json</c> and the ONNX files that it names. Load it once and create a session per picture
/// source. Calls from several threads take turns.
/// </summary>
/// <example>
/// <code>
/// using var model = SegmentationModel.Load("models/squeezesam");
/// using var session = model.CreateSession();
/// using var image = Cv2.ImRead("photo.jpg");
/// session.SetImage(image);
/// Mask mask = session.Predict(Prompt.Click(320, 200));
/// File.WriteAllText("mask.json", mask.ToCocoRle());
/// </code>
/// </example>
public sealed class SegmentationModel : IDisposable
{
    private readonly LoadedModel loaded;
    private readonly HashSet<SegmentationSession> sessions = [];

    private SegmentationModel(LoadedModel loaded, bool isZoomOn) => (this.loaded, IsZoomOn) = (loaded, isZoomOn);

    /// <summary>The name in the bundle.</summary>
    public string Name => loaded.Name;

    /// <summary>The version in the bundle: a counter.</summary>
    public int Version => loaded.Version;

    /// <summary>The number format in use: <see cref="ModelPrecision.Fp32"/> or <see cref="ModelPrecision.Int8"/>.</summary>
    public ModelPrecision Precision => ModelPrecisions.FromWire(loaded.Precision) ?? ModelPrecision.Fp32;

    /// <summary>The execution provider in use: <c>cpu</c>, <c>xnnpack</c>, <c>cuda</c> or <c>tensorrt</c>.</summary>
    public string Provider => loaded.Provider;

    /// <summary>What the weights may be used for, in one sentence of the bundle.</summary>
    public string WeightsLicence => loaded.Bundle.Manifest.WeightsLicence;

    /// <summary>Points that a prompt may hold; a box counts as two.</summary>
    public int MaxPoints => loaded.Segmenter.MaxPoints;

    /// <summary>Whether the model understands points off the object: <see cref="Prompt.WithNegativeClick"/>.</summary>
    public bool AcceptsNegativeClicks => loaded.Segmenter.AcceptsNegativeClicks;

    /// <summary>Options of automatic masks with the thresholds that were measured for this bundle, or the published ones.</summary>
    public AutomaticMaskOptions AutomaticMaskDefaults => AutomaticMaskOptions.For(loaded.Bundle.Manifest.Thresholds);

    /// <summary>Whether <see cref="Prompt.Automatic"/> works: see <see cref="SegmentationModelOptions.SaliencyFolder"/>.</summary>
    public bool HasAutomaticPrompt => loaded.Segmenter.HasSaliency;

    /// <summary>The engine has memory for one call at a time.</summary>
    internal Lock Gate { get; } = new();

    internal ISegmenter Segmenter => loaded.Segmenter;

    internal bool IsZoomOn { get; }

    internal bool IsDisposed { get; private set; }

    /// <summary>
    /// Loads a bundle: checks size and SHA-256 of its files, starts ONNX Runtime, and compares the answer to a built-in picture with the
    /// one in the bundle (the self-check), so that a damaged file, runtime or accelerator is found here. Takes from 0.1 s (SqueezeSAM, CPU)
    /// to minutes (TensorRT, first start).
    /// </summary>
    /// <param name="folder">The folder that holds <c>model.json</c>.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ArgumentException">The folder's name is empty, or an option is outside its range.</exception>
    /// <exception cref="VisionException">
    /// The bundle, a native library or every execution provider cannot be used; the message names reason and remedy.
    /// </exception>
    public static SegmentationModel Load(string folder, SegmentationModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new SegmentationModelOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads, nameof(options));
        var choice = new ModelChoice
        {
            Folder = folder,
            SaliencyFolder = options.SaliencyFolder,
            IsSaliencyOptional = string.IsNullOrEmpty(options.SaliencyFolder),
            Precision = options.Precision.ToWire(),
            Threads = options.Threads,
            Providers = options.Providers,
            StateFolder = options.CacheFolder,
        };
        try
        {
            return new SegmentationModel(LoadedModel.Load(choice), options.Zoom);
        }
        catch (Exception e) when (MissingLibrary.InOrdinaryUse(e) is { } reason)
        {
            throw new VisionException(reason, e);
        }
    }

    /// <summary>
    /// Creates memory for one picture at a time. Dispose it when it is no longer needed; disposing the model disposes its sessions.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public SegmentationSession CreateSession()
    {
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            var session = new SegmentationSession(this);
            sessions.Add(session);
            return session;
        }
    }

    internal void Forget(SegmentationSession session) => sessions.Remove(session);

    /// <summary>Turns the runtime's errors into one that names the model.</summary>
    internal void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (AggregateException e) when (e.InnerExceptions is [OnnxRuntimeException only])
        {
            throw Failed(only);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failed(e);
        }
    }

    private VisionException Failed(OnnxRuntimeException e) =>
        new($"the model {Name} failed on the picture ({RuntimeError.Reason(e)}): try the provider cpu or another bundle", e);

    /// <summary>Frees the model and its sessions, after a call that runs has ended.</summary>
    public void Dispose()
    {
        lock (Gate)
        {
            if (IsDisposed)
                return;
            foreach (var session in sessions.ToList())
                session.Dispose();
            IsDisposed = true;
            loaded.Dispose();
        }
    }
}
