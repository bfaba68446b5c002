using System.Runtime.CompilerServices;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision.Images;

public sealed class PhotoReaderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edgeseg-photos-").FullName;
    private readonly PhotoReader reader = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(".jpg")]
    [InlineData(".png")]
    [InlineData(".bmp")]
    [InlineData(".webp")]
    [InlineData(".tiff")]
    public void Every_known_format_is_read_as_bgr(string extension)
    {
        using var picture = RedBlue(MatType.CV_8UC3, 220);
        using var read = reader.Read(Save(extension, Encode(extension, picture)));
        AssertRedBlue(read, 32, 24, 8);
    }

    [Theory]
    [InlineData(".png")]
    [InlineData(".tiff")]
    public void Sixteen_bits_are_scaled_to_eight(string extension)
    {
        using var picture = RedBlue(MatType.CV_16UC3, 220 * 257);
        using var read = reader.Read(Save(extension, Encode(extension, picture)));
        AssertRedBlue(read, 32, 24, 1);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(14)]
    public void Few_significant_bits_in_sixteen_are_scaled_by_those_in_use(int bits)
    {
        using var picture = RedBlue(MatType.CV_16UC3, 220 << (bits - 8));
        var file = Save(".png", Encode(".png", picture));
        using var read = reader.Read(file);
        Assert.Equal(bits, reader.BitDepth);
        AssertRedBlue(read, 32, 24, 1);
        var forced = new PhotoReader { ForcedBitDepth = 16 };
        using var dark = forced.Read(file);
        Assert.Equal(16, forced.BitDepth);
        Assert.Equal(220 << (bits - 8) >> 8, dark.At<Vec3b>(12, 4).Item2);
    }

    [Fact]
    public void A_symbolic_link_is_followed()
    {
        using var picture = RedBlue(MatType.CV_8UC3, 220);
        var link = Path.Combine(folder, "link.png");
        File.CreateSymbolicLink(Path.Combine(folder, "first.png"), Save(".png", Encode(".png", picture)));
        File.CreateSymbolicLink(link, "first.png");
        using var read = reader.Read(link);
        AssertRedBlue(read, 32, 24, 8);
    }

    [Theory]
    [InlineData("missing.png", "does not exist")]
    [InlineData("circle.png", "could not be read")]
    public void A_link_that_leads_nowhere_is_reported(string target, string message)
    {
        var link = Path.Combine(folder, "circle.png");
        File.CreateSymbolicLink(link, target);
        AssertRefused(link, message, "check");
    }

    [Theory]
    [InlineData("ftypheic", "HEIC")]
    [InlineData("ftypavif", "HEIC")]
    [InlineData("ftypisom", "is a video")]
    [InlineData("ftypmp42", "is a video")]
    public void Iso_media_files_are_distinguished(string brand, string message) =>
        AssertRefused(Save(".jpg", [0, 0, 0, 24, .. System.Text.Encoding.ASCII.GetBytes(brand), .. new byte[32]]), message, "PNG");

    [Fact]
    public void An_empty_path_is_reported() => AssertRefused("", "empty path", "leave it out");

    [Fact]
    public void Grey_becomes_three_equal_planes()
    {
        using var grey = new Mat(20, 30, MatType.CV_8UC1, new Scalar(77));
        using var read = reader.Read(Save(".png", Encode(".png", grey)));
        Assert.Equal(MatType.CV_8UC3, read.Type());
        Assert.Equal(new Vec3b(77, 77, 77), read.At<Vec3b>(10, 10));
    }

    [Fact]
    public void Alpha_is_dropped_and_the_colour_below_it_shows()
    {
        using var clear = new Mat(20, 30, MatType.CV_8UC4, new Scalar(10, 20, 30, 0));
        using var read = reader.Read(Save(".png", Encode(".png", clear)));
        Assert.Equal(new Vec3b(10, 20, 30), read.At<Vec3b>(10, 10));
    }

    [Fact]
    public void Cmyk_jpeg_keeps_its_colours()
    {
        using var read = reader.Read(Shared("cmyk.jpg"));
        AssertRedBlue(read, 32, 24, 12);
    }

    [Theory]
    [InlineData("exif3.jpg", 32, 24, 28, 12)]
    [InlineData("exif6.jpg", 24, 32, 12, 3)]
    [InlineData("exif8.jpg", 24, 32, 12, 28)]
    public void Exif_rotation_is_applied(string name, int width, int height, int redX, int redY)
    {
        using var read = reader.Read(Shared(name));
        Assert.Equal((width, height), (read.Cols, read.Rows));
        var red = read.At<Vec3b>(redY, redX);
        Assert.True(red.Item2 > 200 && red.Item0 < 60, $"at {redX},{redY}: {red.Item0} {red.Item1} {red.Item2}");
    }

    [Theory]
    [InlineData(".jpg")]
    [InlineData(".png")]
    [InlineData(".bmp")]
    [InlineData(".webp")]
    [InlineData(".tiff")]
    public void An_incomplete_photograph_is_refused(string extension)
    {
        using var picture = Noise(64, 48);
        var whole = Encode(extension, picture);
        for (var kept = 1; kept < whole.Length; kept += Math.Max(1, whole.Length / 50))
        {
            var path = Save(extension, whole[..kept]);
            var e = Assert.Throws<OperatingException>(() => reader.Read(path));
            Assert.Contains(path, e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_jpeg_with_a_zeroed_tail_is_incomplete_although_its_thumbnail_is_whole()
    {
        using var picture = Noise(64, 48);
        var thumbnail = Encode(".jpg", picture);
        var whole = WithApplicationSegment(Encode(".jpg", picture), thumbnail);
        using (var read = reader.Read(Save(".jpg", whole)))
            Assert.Equal(64, read.Cols);
        whole.AsSpan(whole.Length * 3 / 4).Clear();
        Assert.Contains("is incomplete", CommandError(Save(".jpg", whole)), StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_after_the_end_of_a_jpeg_are_ignored()
    {
        using var picture = Noise(64, 48);
        byte[] tail = [0xFF, 0xDA, 1, 2, 3, 4];
        using var read = reader.Read(Save(".jpg", [.. Encode(".jpg", picture), .. tail]));
        Assert.Equal(64, read.Cols);
    }

    [Fact]
    public void A_file_that_is_not_a_photograph_is_refused_with_name_reason_and_remedy()
    {
        AssertRefused(Path.Combine(folder, "none.jpg"), "does not exist", "check the path");
        AssertRefused(folder, "is a folder", "name the photographs");
        AssertRefused(Save(".jpg", []), "is empty", "copy it again");
        AssertRefused(Save(".jpg", "# not a picture"u8.ToArray()), "is not a photograph", "JPEG, PNG");
        AssertRefused(Save(".heic", [0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0]), "HEIC", "convert");
        AssertRefused("/dev/zero", "not a plain file", "copy it again");
    }

    [Fact]
    public void Too_small_and_too_large_pictures_are_refused_before_they_are_decoded()
    {
        using var small = Noise(PictureBounds.MinSide - 1, 40);
        AssertRefused(Save(".png", Encode(".png", small)), "15x40", "at least 16");
        var large = PngHeader(20_000, 20_000);
        AssertRefused(Save(".png", large), "20000x20000", "make it smaller");
        var path = Path.Combine(folder, "huge.jpg");
        using (var sparse = File.Create(path))
            sparse.SetLength(PhotoReader.MaxBytes + (1 << 20));
        AssertRefused(path, "MiB", "smaller");
    }

    [Fact]
    public void A_small_photograph_after_a_large_one_is_read_correctly()
    {
        using var large = Noise(640, 480);
        using var small = RedBlue(MatType.CV_8UC3, 220);
        reader.Read(Save(".png", Encode(".png", large))).Dispose();
        using var read = reader.Read(Save(".jpg", Encode(".jpg", small)));
        AssertRedBlue(read, 32, 24, 8);
        AssertRefused(Save(".jpg", [0xFF, 0xD8]), "is incomplete", "copy it again");
    }

    [Fact]
    public void Damaged_photographs_give_a_picture_or_an_operating_error()
    {
        var random = new Random(7);
        using var picture = Noise(40, 30);
        foreach (var extension in (string[])[".jpg", ".png", ".bmp", ".webp", ".tiff"])
        {
            var whole = Encode(extension, picture);
            for (var i = 0; i < 60; i++)
            {
                var damaged = whole.ToArray();
                for (var k = 0; k < 4; k++)
                    damaged[random.Next(i < 30 ? Math.Min(64, damaged.Length) : damaged.Length)] = (byte)random.Next(256);
                var path = Save(extension, damaged);
                try
                {
                    using var read = reader.Read(path);
                    Assert.Equal(MatType.CV_8UC3, read.Type());
                }
                catch (OperatingException e)
                {
                    Assert.Contains(path, e.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    private void AssertRefused(string path, string reason, string remedy)
    {
        var message = CommandError(path);
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.Contains(remedy, message, StringComparison.Ordinal);
    }

    private string CommandError(string path) => Assert.Throws<OperatingException>(() => reader.Read(path)).Message;

    private string Save(string extension, byte[] bytes)
    {
        var path = Path.Combine(folder, "photo" + extension);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static string Shared(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "data", "photos", name);

    private static byte[] Encode(string extension, Mat picture)
    {
        Cv2.ImEncode(extension, picture, out var bytes);
        return bytes;
    }

    /// <summary>32 x 24, left half red, right half blue.</summary>
    private static Mat RedBlue(MatType type, double value)
    {
        var picture = new Mat(24, 32, type, new Scalar(0, 0, value));
        using var right = picture[new Rect(16, 0, 16, 24)];
        right.SetTo(new Scalar(value, 0, 0));
        return picture;
    }

    private static Mat Noise(int width, int height)
    {
        var picture = new Mat(height, width, MatType.CV_8UC3);
        Cv2.Randu(picture, Scalar.All(0), Scalar.All(255));
        return picture;
    }

    private static void AssertRedBlue(Mat read, int width, int height, int tolerance)
    {
        Assert.Equal((width, height, MatType.CV_8UC3), (read.Cols, read.Rows, read.Type()));
        Vec3b red = read.At<Vec3b>(12, 4),
            blue = read.At<Vec3b>(12, 28);
        Assert.InRange(red.Item2, 220 - tolerance, 220 + tolerance);
        Assert.InRange(blue.Item0, 220 - tolerance, 220 + tolerance);
        Assert.InRange(red.Item0, 0, 20 + tolerance);
        Assert.InRange(blue.Item2, 0, 20 + tolerance);
    }

    private static byte[] WithApplicationSegment(byte[] jpeg, byte[] content)
    {
        var length = content.Length + 2;
        return [.. jpeg[..2], 0xFF, 0xE5, (byte)(length >> 8), (byte)length, .. content, .. jpeg[2..]];
    }

    private static byte[] PngHeader(int width, int height)
    {
        using var picture = Noise(16, 16);
        var png = Encode(".png", picture);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), width);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), height);
        return png;
    }
}
