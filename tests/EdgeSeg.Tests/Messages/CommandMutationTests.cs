using System.Text;
using EdgeSeg.Vision.Prompts;
using Xunit;

namespace EdgeSeg.Messages;

public sealed class CommandMutationTests
{
    private const int Rounds = 20_000;

    private static readonly string[] seeds =
    [
        """{"v":1,"id":"a.1","reply_to":"panel","frame":"0a1b-front-12","expires_at":"2026-11-23T10:20:30Z", """
            + """ "points":[[1.5,2],{"x":3,"y":4.25,"label":1}]}""",
        """{"box":[1,2,30,40.5],"clicks":[[5,6]],"normalized":false}""",
        """{"box":[0.1,0.2,0.9,1],"normalized":true}""",
        """{"frame":"0a1b-front-12","id":"z"}""",
        """{"format":"jpeg","quality":40}""",
        """{"on":true,"max_fps":5,"width":320,"quality":50,"for_s":60}""",
        """{"mode":"on_trigger","max_fps":3,"interval_s":0.5,"min_score":0.25,"min_area":0.01}""",
    ];

    private static readonly string[] pieces =
    [
        "1e308",
        "-1e308",
        "1e999",
        "NaN",
        "Infinity",
        "-0",
        "null",
        "true",
        "{}",
        "[]",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "99999999999999999999",
        "[[[[[[",
        "\"x\":1,",
        ",",
        "0.0000000000001",
        "-1",
        "1e-400",
    ];

    private static readonly string[] words = ["click", "box", "auto", "everything", "snapshot", "preview", "set", "explode"];

    [Fact]
    public void Random_and_mutated_payloads_never_throw_and_only_valid_commands_are_accepted()
    {
        var random = new Random(20261123);
        var mutator = new Mutator(random, pieces);
        int accepted = 0,
            refused = 0;
        for (var i = 0; i < Rounds; i++)
        {
            var payload =
                i % 10 == 0 ? Mutator.Noise(random) : mutator.Mutate(Encoding.UTF8.GetBytes(seeds[random.Next(seeds.Length)]), least: 0);
            var parsed = CommandParser.Parse(
                CommandParserTests.Topics,
                $"edgeseg/v1/robot-7/cam/front/cmd/{words[random.Next(words.Length)]}",
                payload
            );
            Assert.True(parsed.Command is null != parsed.Error is null, Encoding.Latin1.GetString(payload));
            if (parsed.Command is { } command)
            {
                accepted++;
                Assert.True(IsValid(command), Encoding.Latin1.GetString(payload));
            }
            else
            {
                refused++;
                Assert.InRange(parsed.Error!.Sentence.Length, 5, 300);
            }
        }

        // both must happen often, else the test proves nothing
        Assert.True(accepted > Rounds / 100, $"{accepted} of {Rounds} accepted");
        Assert.True(refused > Rounds / 2, $"{refused} of {Rounds} refused");
    }

    /// <summary>Independent of the parser's rules.</summary>
    private static bool IsValid(CameraCommand c)
    {
        if (c.Camera != "front" || c.Id is { Length: 0 or > 64 })
            return false;
        if (c.Prompt is { } p)
        {
            double max = p.Normalized ? 1 : 32767;
            var points = p.Clicks.Count + (p.Box is null ? 0 : 2);
            if (points is 0 or > 6 || !p.Clicks.All(k => k.X >= 0 && k.X <= max && k.Y >= 0 && k.Y <= max))
                return false;
            if (p.Box is { } b && !(b.X0 >= 0 && b.Y0 >= 0 && b.X0 < b.X1 && b.Y0 < b.Y1 && b.X1 <= max && b.Y1 <= max))
                return false;
            var prompt = new PromptBuffer();
            if (p.Resolve(prompt, 64, 48, 6, true) is null && PromptRules.Check(prompt, 64, 48, 6) is not null)
                return false;
        }

        if (
            c.Preview is { } v
            && !(v.MaxFps is >= 0.1 and <= 15 && v.Width is >= 64 and <= 1920 && v.Quality is >= 20 and <= 95 && v.ForS is >= 1 and <= 3600)
        )
            return false;
        if (c.AutomaticMasks is null != (c.Kind != CommandKind.Everything) || c.AutomaticMasks is { Grid: < 1 or > 64 })
            return false;
        if (c.Snapshot is { Quality: < 20 or > 95 })
            return false;
        return c.Change is not { } s
            || (
                s.MaxFps is null or (>= 0 and <= 1000)
                && s.IntervalS is null or (>= 0.05 and <= 86400)
                && s.MinScore is null or (>= 0 and <= 1)
                && s.MinArea is null or (>= 0 and <= 1)
            );
    }
}
