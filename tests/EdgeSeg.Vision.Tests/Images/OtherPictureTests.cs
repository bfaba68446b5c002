using System.Text;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Vision.Images;

/// <summary>Files that begin like a picture and are more or less than one.</summary>
public sealed class OtherPictureTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-photos-").FullName;
    private readonly PhotoReader reader = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(1, true, false, false, "raw")]
    [InlineData(0, false, true, false, "raw")]
    [InlineData(0, true, false, false, "")]
    [InlineData(1, false, false, false, "")]
    [InlineData(0, false, false, true, "several pages")]
    public void A_raw_file_is_refused_and_further_pages_are_reported(int subfile, bool subDirectory, bool dng, bool secondPage, string word)
    {
        var file = Save(".tif", Tiff(subfile, subDirectory, dng, secondPage));
        if (word == "raw")
        {
            Assert.Contains(
                "is a camera's raw file: convert it to JPEG or TIFF",
                Assert.Throws<OperatingException>(() => reader.Read(file)).Message
            );
            return;
        }
        using var read = reader.Read(file);
        Assert.Equal((32, 24), (read.Cols, read.Rows));
        Assert.Contains(word, reader.Warning);
        Assert.Equal(word.Length == 0, reader.Warning.Length == 0);
    }

    [Theory]
    [InlineData("\0\0\0\u0018ftypcrx \0\0\0\u0001crx isom", "raw file")]
    [InlineData("II*\0\u0010\0\0\0CR\u0002\0", "raw file")]
    [InlineData("FUJIFILMCCD-RAW 0201", "raw file")]
    [InlineData("GIF89a", "with ffmpeg")]
    [InlineData("OggS", "with ffmpeg")]
    [InlineData("\0\0\0\u0020moov", "is a video")]
    public void Other_kinds_are_named_with_a_remedy(string content, string word) =>
        Assert.Contains(
            word,
            Assert.Throws<OperatingException>(() => reader.Read(Save(".bin", Encoding.Latin1.GetBytes(content)))).Message
        );

    private string Save(string extension, byte[] content)
    {
        var path = Path.Combine(folder, "photo" + extension);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>A grey TIFF of 32x24, little-endian: one or two directories, then their shared pixels.</summary>
    private static byte[] Tiff(int subfile, bool subDirectory, bool dng, bool secondPage)
    {
        List<(ushort Tag, int Value)> entries = [(254, subfile), (256, 32), (257, 24), (258, 8), (259, 1), (262, 1), (273, 0), (277, 1)];
        entries.AddRange([(278, 24), (279, 32 * 24)]);
        if (subDirectory)
            entries.Add((330, 8));
        if (dng)
            entries.Add((50706, 0x401));
        var bytes = 2 + 12 * entries.Count + 4;
        var pixels = 8 + (secondPage ? 2 : 1) * bytes;
        using var stream = new MemoryStream();
        using var w = new BinaryWriter(stream);
        w.Write("II*\0"u8);
        w.Write(8);
        for (var page = 0; page < (secondPage ? 2 : 1); page++)
        {
            w.Write((ushort)entries.Count);
            foreach (var (tag, value) in entries)
            {
                w.Write(tag);
                w.Write((ushort)4);
                w.Write(1);
                w.Write(tag == 273 ? pixels : value);
            }
            w.Write(secondPage && page == 0 ? 8 + bytes : 0);
        }
        w.Write(Enumerable.Repeat((byte)90, 32 * 24).ToArray());
        return stream.ToArray();
    }
}
