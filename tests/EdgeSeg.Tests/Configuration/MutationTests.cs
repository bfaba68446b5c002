using System.Diagnostics;
using System.Text;
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
        // the comments are left out, so that most changes meet something that matters
        var original = name.EndsWith(".json", StringComparison.Ordinal)
            ? Encoding.UTF8.GetBytes(Json)
            : Encoding.UTF8.GetBytes(string.Join('\n', Reference.Toml().Split('\n').Where(l => !l.StartsWith('#'))));
        var random = new Random(20261123);
        var (read, refused) = (0, 0);
        for (var i = 0; i < count; i++)
        {
            var bytes = Mutate(original, random);
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
            // generous: a square in the length would take minutes
            Assert.True(Stopwatch.GetElapsedTime(since).TotalSeconds < 20, text[..20]);
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 12), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(fragments[random.Next(fragments.Length)]));
                    break;
                case 3:
                    bytes.InsertRange(at, original.Skip(random.Next(original.Length)).Take(random.Next(1, 60)));
                    break;
                default:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. bytes];
    }
}
