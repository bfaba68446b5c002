namespace EdgeSeg.Vision.Models;

/// <summary>The text of ONNX Runtime's errors, without the place in its sources.</summary>
internal static class RuntimeError
{
    private const string Source = "/onnxruntime_src/",
        Fail = " : FAIL : ";

    /// <summary>The reason on one line.</summary>
    public static string Reason(Exception e) => Reason(e.Message);

    internal static string Reason(string message)
    {
        var text = message.ReplaceLineEndings(" ").Trim();
        var at = text.LastIndexOf(Fail, StringComparison.Ordinal);
        if (at >= 0)
            text = text[(at + Fail.Length)..];
        // file, line and the function's signature, up to the bracket that closes its parameters
        var source = text.IndexOf(Source, StringComparison.Ordinal);
        if (source < 0 || text.IndexOf('(', source) is not (> 0 and var i))
            return text;
        var depth = 0;
        do depth += text[i] switch
        {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        while (depth > 0 && ++i < text.Length);
        return i + 1 < text.Length ? text[(i + 1)..].Trim() : text;
    }
}
