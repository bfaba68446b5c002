using Microsoft.ML.OnnxRuntime;

namespace EdgeSeg.Vision.Models;

/// <summary>The environment of ONNX Runtime: one per process.</summary>
internal static class Ort
{
    /// <summary>
    /// Logs errors only: the runtime's warnings are for authors of graphs and would fill standard error. Use it before the first session is
    /// created.
    /// </summary>
    public static OrtEnv Environment { get; } = Create();

    private static OrtEnv Create()
    {
        if (OrtEnv.IsCreated)
            return OrtEnv.Instance();
        var options = new EnvironmentCreationOptions { logId = "onnxruntime", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        return OrtEnv.CreateInstanceWithOptions(ref options);
    }
}
