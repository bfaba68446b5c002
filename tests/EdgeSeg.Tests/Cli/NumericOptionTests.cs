using System.CommandLine;
using Xunit;

namespace EdgeSeg.Cli;

/// <summary>Every numeric option of every verb refuses what is no number within its bounds, in words for people.</summary>
public sealed class NumericOptionTests
{
    private static readonly Type[] numbers = [typeof(int), typeof(long), typeof(float), typeof(double), typeof(decimal)];

    public static TheoryData<string, string> Options()
    {
        var all = new TheoryData<string, string>();
        Add(Verbs.Root(), "");
        return all;

        void Add(Command command, string words)
        {
            foreach (var option in command.Options.Where(o => numbers.Contains(Nullable.GetUnderlyingType(o.ValueType) ?? o.ValueType)))
                all.Add(words.Trim(), option.Name);
            foreach (var verb in command.Subcommands)
                Add(verb, $"{words} {verb.Name}");
        }
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void A_value_that_is_no_number_in_the_bounds_is_named_with_the_bounds(string verb, string option)
    {
        foreach (var text in (string[])["abc", "99999999999999999999", "nan", "1e99", "-99999", " ", "1,5"])
        {
            // a verb that lacks what it works on says only that
            string[] needed = verb == "eval" ? ["--annotations", "a.json", "--images", "photos"] : [];
            var parsed = Verbs.Root().Parse([.. verb.Split(' '), .. needed, $"{option}={text}"]);
            var errors = string.Join('\n', parsed.Errors.Select(e => e.Message));
            Assert.True(errors.Contains($"{option} must be ", StringComparison.Ordinal), $"{verb} {option} {text}: '{errors}'");
            Assert.Contains("..", errors, StringComparison.Ordinal);
            Assert.DoesNotContain("System.", errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void There_are_such_options() => Assert.True(Options().Count > 30, $"{Options().Count} numeric options were found");
}
