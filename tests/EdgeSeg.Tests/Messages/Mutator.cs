using System.Text;

namespace EdgeSeg.Messages;

/// <summary>Random changes of bytes, for tests of parsers.</summary>
/// <param name="random">Seeded by the test, so that a failure repeats.</param>
/// <param name="pieces">Texts that are inserted, or put in the place of a value.</param>
internal sealed class Mutator(Random random, IReadOnlyList<string> pieces)
{
    /// <summary>Fewer than <paramref name="limit"/> random bytes.</summary>
    public static byte[] Noise(Random random, int limit = 300)
    {
        var bytes = new byte[random.Next(limit)];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>The text with <paramref name="least"/> to three changes.</summary>
    public byte[] Mutate(byte[] original, int least = 1)
    {
        var bytes = new List<byte>(original);
        for (var n = random.Next(least, 4); n > 0 && bytes.Count > 0; n--)
            Change(bytes);
        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        var at = random.Next(bytes.Count);
        switch (random.Next(7))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes.RemoveRange(at, Math.Min(random.Next(1, 12), bytes.Count - at));
                break;
            case 2:
                bytes.InsertRange(at, Piece());
                break;
            case 3:
                bytes[at] = (byte)('0' + random.Next(10));
                break;
            case 4:
                // a part of the text, at another place
                var from = random.Next(bytes.Count);
                bytes.InsertRange(at, bytes.GetRange(from, Math.Min(random.Next(1, 200), bytes.Count - from)));
                break;
            case 5:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            default:
                ReplaceValue(bytes, at);
                break;
        }
    }

    /// <summary>Replaces the text between a colon and the next comma or line end.</summary>
    private void ReplaceValue(List<byte> bytes, int at)
    {
        var from = bytes.IndexOf((byte)':', at) + 1;
        var to = from == 0 ? -1 : bytes.FindIndex(from, b => b is (byte)',' or (byte)'\n');
        if (to < 0)
            return;
        bytes.RemoveRange(from, to - from);
        bytes.InsertRange(from, Piece());
    }

    private byte[] Piece() => Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Count)]);
}
