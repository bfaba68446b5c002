using System.Diagnostics;
using System.Text;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Configuration;

public class MutationTests
{
    private static readonly string[] fragments =
    [
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        "\"",
        "\"\"\"",
        "'",
        ",",
        "\n",
        ".",
        "#",
        "\\u",
        "\\ud800",
        "[[camera]]\n",
        "[mqtt]\n",
        "camera.",
        "nan",
        "-",
        "1e999",
        "0x",
        "1979-05-27",
        "\0",
        "/*",
        "null",
        "é",
    ];

    private const string Json = """
        { "device": "auto", "mqtt": { "host": "embedded", "port": 0, "tls": false }, /* c */
          "camera": [ { "id": "a", "uri": "test:", "crop": [0, 0, 64, 64] }, { "id": "b", "uri": "test:", "fps": 2.5 } ],
          "runtime": { "providers": ["cpu"] } }
        """;

    [Theory]
    [InlineData("edgeseg.toml", 20_000)]
    [InlineData("edgeseg.json", 20_000)]
    public void A_mutated_file_is_read_or_refused_and_nothing_else(string name, int count)
    {
        // without comments, so that most changes affect a setting
        var original = name.EndsWith(".json", StringComparison.Ordinal)
            ? Encoding.UTF8.GetBytes(Json)
            : Encoding.UTF8.GetBytes(string.Join('\n', Reference.Toml().Split('\n').Where(l => !l.StartsWith('#'))));
        var mutator = new Mutator(new Random(20261123), fragments);
        var (read, refused) = (0, 0);
        for (var i = 0; i < count; i++)
        {
            var bytes = mutator.Mutate(original);
            try
            {
                SettingsFile.Parse(name, bytes, Text.NoVariables);
                read++;
            }
            catch (OperatingException e)
            {
                Assert.Equal(2, e.ExitCode);
                Assert.InRange(e.Message.Length, 10, 20_000);
                Assert.All(e.Message.Split('\n'), line => Assert.DoesNotContain(line, char.IsControl));
                refused++;
            }
        }

        Assert.True(read > count / 100 && refused > count / 2, $"read {read}, refused {refused}");
    }

    [Fact]
    public void Hostile_texts_of_the_largest_size_are_refused_in_bounded_time()
    {
        const int size = ConfigurationLimits.MaxConfigurationBytes;
        string Many(string part) => string.Concat(Enumerable.Repeat(part, size / part.Length - 1));
        string[] texts =
        [
            "a=" + Many("["),
            Many("a."),
            Many("[[camera]]\n"),
            Many("=\n"),
            Many("[a]\n"),
            "a=" + Many("{a="),
            "a=[" + Many("{},") + "]",
            "device=\"" + Many("x") + "\"",
            "{\"a\":" + Many("["),
            "{\"camera\":[" + Many("{},") + "]}",
            "{" + Many("\"mqtt\":{},") + "}",
            Many("{"),
            "[[camera]]\nuri=\"rtsp://" + Many("://a@") + "\"",
        ];
        foreach (var text in texts)
        {
            var since = Stopwatch.GetTimestamp();
            Assert.Throws<OperatingException>(() => Text.Parse(text, "settings"));
            // time that grows with the square of the length would be hours
            Assert.True(Stopwatch.GetElapsedTime(since).TotalSeconds < Wait.LimitS, text[..20]);
        }
    }
}
