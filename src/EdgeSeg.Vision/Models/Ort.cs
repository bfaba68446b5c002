using Microsoft.ML.OnnxRuntime;

namespace EdgeSeg.Vision.Models;

/// <summary>The runtime's environment, one a process.</summary>
internal static class Ort
{
    /// <summary>Logs errors only: its warnings, on standard error beside the journal's lines, are for whoever writes graphs. Touch it before the first session.</summary>
    public static OrtEnv Environment { get; } = Create();

    private static OrtEnv Create()
    {
        if (OrtEnv.IsCreated)
            return OrtEnv.Instance();
        var options = new EnvironmentCreationOptions { logId = "onnxruntime", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        return OrtEnv.CreateInstanceWithOptions(ref options);
    }
}
