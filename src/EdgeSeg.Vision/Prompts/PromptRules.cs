namespace EdgeSeg.Vision.Prompts;

/// <summary>The checks that a prompt passes before a model sees it.</summary>
internal static class PromptRules
{
    /// <summary>
    /// Null when a point's label is one that the models know (1: on the object), else a sentence for the sender. The models were not
    /// trained with points off the object (0): the graph would read such a point as something else.
    /// </summary>
    public static string? RefuseLabel(int label) =>
        label switch
        {
            1 => null,
            0 => "a point off the object (label 0) is not understood by this model: give points on the object (label 1), or a box",
            _ => $"label {label} is not known: a point's label is 1 (on the object)",
        };

    /// <summary>Null when a model of <paramref name="maxPoints"/> points takes so many, else a sentence for the sender.</summary>
    public static string? CheckCount(int clicks, bool hasBox, int maxPoints)
    {
        var points = clicks + (hasBox ? 2 : 0);
        if (points == 0)
            return "a prompt needs a click or a box";
        return points <= maxPoints
            ? null
            : $"{clicks} clicks{(hasBox ? " and a box" : "")} are more than the model takes: "
                + $"at most {maxPoints} points, a box counts as two";
    }

    /// <summary>Null when the prompt is valid for a picture of the given size, else a sentence for the sender.</summary>
    public static string? Check(PromptBuffer prompt, int width, int height, int maxPoints)
    {
        if (CheckCount(prompt.ClickCount, prompt.Box is not null, maxPoints) is { } wrongCount)
            return wrongCount;
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
