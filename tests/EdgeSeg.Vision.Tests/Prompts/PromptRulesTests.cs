using Xunit;

namespace EdgeSeg.Vision.Prompts;

public class PromptRulesTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(100, 50)]
    [InlineData(33.3f, 12)]
    public void A_click_in_the_picture_is_valid(float x, float y) => Assert.Null(Clicks((x, y)));

    [Theory]
    [InlineData(-0.1f, 5)]
    [InlineData(5, 50.1f)]
    [InlineData(float.NaN, 5)]
    [InlineData(5, float.PositiveInfinity)]
    public void A_click_outside_is_refused_with_the_pictures_size(float x, float y) =>
        Assert.Contains("outside the picture of 100x50", Clicks((x, y)));

    [Theory]
    [InlineData(10, 10, 10, 20)]
    [InlineData(10, 20, 20, 20)]
    [InlineData(20, 10, 10, 20)]
    public void A_box_without_area_is_refused(float x0, float y0, float x1, float y1) =>
        Assert.Contains("has no area", Box(x0, y0, x1, y1, 0));

    [Theory]
    [InlineData(-1, 0, 10, 10)]
    [InlineData(0, 0, 101, 10)]
    [InlineData(0, 0, 10, float.NaN)]
    public void A_box_outside_the_picture_is_refused(float x0, float y0, float x1, float y1) =>
        Assert.Contains("outside the picture", Box(x0, y0, x1, y1, 0));

    [Fact]
    public void A_box_counts_as_two_points()
    {
        Assert.Null(Box(0, 0, 10, 10, 4));
        Assert.Contains("at most 6 points", Box(0, 0, 10, 10, 5));
    }

    [Fact]
    public void An_empty_prompt_is_refused() => Assert.Contains("needs a click or a box", Clicks());

    private static string? Clicks(params (float X, float Y)[] clicks)
    {
        var prompt = new PromptBuffer();
        foreach (var (x, y) in clicks)
            prompt.Add(new Click(x, y));
        return PromptRules.Check(prompt, 100, 50, 6);
    }

    private static string? Box(float x0, float y0, float x1, float y1, int clicks)
    {
        var prompt = new PromptBuffer { Box = new Box(x0, y0, x1, y1) };
        for (var i = 0; i < clicks; i++)
            prompt.Add(new Click(5, 5));
        return PromptRules.Check(prompt, 100, 50, 6);
    }

    [Theory]
    [InlineData(false, false, false, null)]
    [InlineData(true, false, false, "off the object")]
    [InlineData(true, true, false, null)]
    [InlineData(true, true, true, "on the object")]
    public void Points_off_the_object_need_a_model_that_knows_them_and_a_point_on_it(
        bool negative,
        bool accepts,
        bool alone,
        string? reason
    )
    {
        var prompt = new PromptBuffer();
        if (!alone)
            prompt.Add(new Click(5, 5));
        if (negative)
            prompt.Add(new Click(9, 9, IsNegative: true));
        var refusal = PromptRules.RefuseNegative(prompt, accepts);
        if (reason is null)
            Assert.Null(refusal);
        else
            Assert.Contains(reason, refusal);
    }
}
