namespace EdgeSeg.Vision.Prompts;

/// <summary>What a prompt must keep to before a model sees it.</summary>
internal static class PromptRules
{
    /// <summary>
    /// Null when a point's label is one that the models know (1: on the object), else the sentence for whoever sent it. Points off the object (0) were never
    /// trained: passed on, they would be taken for something else.
    /// </summary>
    public static string? RefuseLabel(int label) =>
        label switch
        {
            1 => null,
            0 => "a point off the object (label 0) is not understood by this model: give points on the object (label 1), or a box",
            _ => $"label {label} is not known: a point's label is 1 (on the object)",
        };

    /// <summary>Null when the prompt is good for a picture of the given size, else the sentence for whoever sent it.</summary>
    public static string? Check(PromptBuffer prompt, int width, int height, int maxPoints)
    {
        var points = prompt.ClickCount + (prompt.Box is null ? 0 : 2);
        if (points == 0)
            return "a prompt needs a click or a box";
        if (points > maxPoints)
            return $"{prompt.ClickCount} clicks{(prompt.Box is null ? "" : " and a box")} are more than the model takes: at most {maxPoints} points, a box counts as two";
        foreach (var c in prompt.Clicks)
        {
            // negated, so that NaN is refused as well
            if (!(c.X >= 0 && c.X <= width && c.Y >= 0 && c.Y <= height))
                return $"click {c.X},{c.Y} is outside the picture of {width}x{height} pixels";
        }

        if (prompt.Box is not { } b)
            return null;
        if (!(b.X0 >= 0 && b.X1 <= width && b.Y0 >= 0 && b.Y1 <= height))
            return $"box {b.X0},{b.Y0},{b.X1},{b.Y1} reaches outside the picture of {width}x{height} pixels";
        return b.Width > 0 && b.Height > 0
            ? null
            : $"box {b.X0},{b.Y0},{b.X1},{b.Y1} has no area: give left,top,right,bottom with right > left and bottom > top";
    }
}
