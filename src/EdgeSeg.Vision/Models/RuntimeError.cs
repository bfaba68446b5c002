namespace EdgeSeg.Vision.Models;

/// <summary>The text of ONNX Runtime's errors, without the place in its sources.</summary>
internal static class RuntimeError
{
    /// <summary>The reason on one line.</summary>
    public static string Reason(Exception e)
    {
        const string mark = " : FAIL : ";
        var text = e.Message.ReplaceLineEndings(" ").Trim();
        var at = text.LastIndexOf(mark, StringComparison.Ordinal);
        return at < 0 ? text : text[(at + mark.Length)..];
    }
}
