using System.Text;

namespace EdgeSeg.Messages;

/// <summary>
/// Invalid payloads. Those with an id that begins with "bad" are invalid by construction; the rest is noise, which may be valid by
/// chance.
/// </summary>
internal static class BadCommands
{
    private static readonly (string Word, string Body)[] sound =
    [
        ("click", """{"v":1,"id":"ID","points":[[100.5,90]]}"""),
        ("box", """{"v":1,"id":"ID","box":[10,20,200,180.5]}"""),
        ("snapshot", """{"v":1,"id":"ID","format":"jpeg","quality":40}"""),
        ("preview", """{"v":1,"id":"ID","on":true,"max_fps":5,"width":320,"quality":50,"for_s":1}"""),
        ("set", """{"v":1,"id":"ID","mode":"interval","max_fps":3,"interval_s":0.5,"min_score":0.25}"""),
    ];

    private static readonly Func<string, string>[] spoils =
    [
        body => body[..^1],
        body => body + "}",
        body => body.Replace("{\"v\":1", "{\"v\":2", StringComparison.Ordinal),
        body => body.Replace("{\"v\":1", "{\"v\":1,\"uri\":\"pipe:reboot\"", StringComparison.Ordinal),
        body => body.Replace("{\"v\":1", "{\"v\":1,\"v\":1", StringComparison.Ordinal),
        body => body.Replace("{\"v\":1", "{\"v\":\"1\"", StringComparison.Ordinal),
        body => body.Replace("{\"v\":1", "{\"v\":1,\"frame\":7", StringComparison.Ordinal),
        body => "[" + body + "]",
        body => body[..^1] + ",\"deep\":" + new string('[', 500) + "}",
        body => body[..^1] + ",\"points\":[[1e999,1]]}",
        body => body[..^1] + ",\"box\":[NaN,0,1,1]}",
        body => body.PadRight(MessageLimits.MaxCommandBytes + 1),
    ];

    /// <summary>The payload with this number.</summary>
    public static (string Word, byte[] Payload, bool Retain) Next(Random random, int number)
    {
        if (number % 10 == 0)
            return (sound[random.Next(sound.Length)].Word, Mutator.Noise(random), false);
        var (word, body) = sound[random.Next(sound.Length)];
        var named = body.Replace("ID", $"bad-{number}", StringComparison.Ordinal);
        // a valid body is invalid with another command's word, and with the retain flag
        if (number % 10 == 1)
            return (word, Encoding.UTF8.GetBytes(named), true);
        if (number % 10 == 2)
            return (sound[(Array.FindIndex(sound, s => s.Word == word) + 1) % sound.Length].Word, Encoding.UTF8.GetBytes(named), false);
        return (word, Encoding.UTF8.GetBytes(spoils[random.Next(spoils.Length)](named)), false);
    }
}
