namespace EdgeSeg.Vision.Prompts;

/// <summary>The checks that a prompt passes before a model sees it.</summary>
internal static class PromptRules
{
    /// <summary>
    /// Null when the model understands the prompt's clicks, else a sentence for the sender. A graph that was not trained with points off
    /// the object would read such a point as something else.
    /// </summary>
    public static string? RefuseNegative(PromptBuffer prompt, bool acceptsNegative)
    {
        var negative = 0;
        foreach (var click in prompt.Clicks)
            negative += click.IsNegative ? 1 : 0;
        if (negative == 0)
            return null;
        if (!acceptsNegative)
            return "a point off the object (label 0) is not understood by this model: give points on the object (label 1), or a box";
        return negative == prompt.ClickCount && prompt.Box is null
            ? "a prompt needs a click on the object (label 1) or a box besides points off it"
            : null;
    }

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
