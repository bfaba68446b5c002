using System.Buffers;
using System.Text;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Vision.Masks;

public class RunLengthTests
{
    private readonly RunLength runLength = new();

    /// <summary>
    /// Squares (first, end) of one 25 x 25 mask and the counts that public tests assert pycocotools gives for them
    /// (twsl/pytorchcocotools, which compares itself with the output of pycocotools).
    /// </summary>
    public static readonly TheoryData<int, int, string> Squares = new()
    {
        { 0, 5, "05d00000000d?" },
        { 5, 10, "R45d00000000b;" },
        { 20, 25, "X`05d00000000" },
        { 5, 15, "R4:?00000000000000000e7" },
        { 0, 25, "0ac0" },
    };

    /// <summary>
    /// Counts that pycocotools wrote for masks that are not available here: the sample results of cocodataset/cocoapi (426 x 640), an
    /// annotation in twsl/pytorchcocotools (427 x 640), the example of armengot/COCOtoolsFORK (50 x 70). Height, width, counts.
    /// </summary>
    public static readonly TheoryData<int, int, string> Published = new()
    {
        { 426, 640, @"Yek3>h<;G6CROUDR1f;SOUDS1g;;M3M3M10N106[Oa0G8M3M4M7J7HkRW4" },
        { 426, 640, @"YoX42V=5K3M3N2HE^C=a<72M3N1O1L4L4Khkk3" },
        { 426, 640, @"Yj\43Q=6K5O10O1000O1000HXYi3" },
        { 427, 640, @"\`_3;j<6M3E_OjCd0T<:O1O2O001O00001O00001O001O0000O1K6J5J6A^C0g<N=O001O0O2Omk^4" },
        {
            50,
            70,
            "0g05b08J4M2N2NA^O1`0OCO=0E090H080IO68DH;>@C>a0_O_O`0j0OWOF<:CM72I24NL43JM92FN;1ENKO72L0LO91J0MO92INO0NO122OO0M031O000NO31O"
                + "O11MO40N011MO41MO21L06OL021L06OL021L06OL021L060J040L060J040L060J040L060J040L060J040L060J040L060KO31L060KO31L06OL021L"
                + "06OL021L06OL021MO41MO21MO40N100NO310O00M0310O00NO1220NO92IONO91KOMO72M0<1EO:2GN63KM34OLM73JF<;=1G_O_Ob0=AC`07EH=1IO7"
                + "1H090F0:1DO>1_O1b0>2N2N3L6H]O"
        },
    };

    /// <summary>
    /// Shapes by rule, and counts from tests/data/make_rle.py. pycocotools could not be installed where these were made: they come from
    /// that file's own reference, which gives the published squares above. Where pycocotools is installed, the script checks this file
    /// against it (--check).
    /// </summary>
    public static readonly TheoryData<string, int, int, string> Shapes = new()
    {
        {
            "disc",
            65,
            63,
            @"e:<`16J6L2M4M2M4M2N2N2O0O2N2O0O2O0O2O0O2O000O2O00000000000000000000000001N10001N101N101N101N2N101N2N2N3L3N3L3N4J6JU7"
        },
        {
            "disc",
            130,
            197,
            @"Wj1b0Z5b0A<E:G8I6J6J6J6K4L4L4L4L4L4M2M4L4M2N2M4M2N2N2N2N2N2N2N2N2N2O0O2N2N2O0O2O0O2O0O2O0O2O000O2O00000O2O000000000000000"
                + @"0000000000001N1000001N10001N101N101N101N101N2N2N101N2N2N2N2N2N2N2N2N2N3L3N2N3L4L3N3L4L4L4L4L4L5J6J6J6J7H9F;D?^Og^1"
        },
        {
            "ring",
            70,
            40,
            @"0164;0JO<0@O440LH05>0DO060JMN3>0FO`00]OO540LH05>0EN130ML02;0KN;0B0b00[O0540LIO5=0CI06a00AO160JMO3;0KO90E0=0AOc00[O07000G0"
                + @"680HI05<0DJ06>0BIO7a00BO120NN0240LMO290GM1380HLO4;0EL03=0CM03=0CM03=0CMO4>0BL04>0BL04>0BL13=0CM03=0CM03=0CM04;0EL14"
                + @"80HMO390GN1340LN0220NLJ07a00_OI17>0BJ06<0DK0780HJ09000I0e00]O1?0C0;0@M14;0EM1360JLJ17a00_OJ07=0CK1740LK0e00^O0>0^ON"
                + @"14;0EN0430MKK17>0BK0840LK1c00ZOM24>0BM2360JLJ27>0BK0840LL1`00]O"
        },
        { "weave", 9, 7, @"0160K040L021030L10M13OM050K03" },
        {
            "weave",
            63,
            4,
            @"0130N010O2103NN000N010O2103NN000N010O2103NN000N010O2103NN000N010O2103NN000N010O2103NN000N010O2103NN000N010O2103NN000N010O"
                + @"2103NN"
        },
        {
            "stairs",
            64,
            30,
            @"0490040L040L040LO0I07010HO8100HO8100HO8100HO81O0JO6110IN7200IN7200IN7200IN72O0KN5210JM6300JM6300JM6300JM63O0LM431040L040L"
                + @"040L040K050L040L040L040L040K050L040L040L040L040K050L040L040L040L040K050L040L040L040L040K050L040L040L040L0OML3401MJ3"
                + @"600MJ3600MJ3600MJ360ONK2501NI2700NI2700NI2700NI270OOJ1601OH1800OH1800OH1800OH180O0I07010"
        },
        { "full", 1, 1, @"01" },
        { "full", 25, 25, @"0ac0" },
        { "full", 640, 480, @"0PP\9" },
        { "empty", 1, 1, @"1" },
        { "empty", 1920, 1080, @"PPYo1" },
    };

    [Theory]
    [MemberData(nameof(Squares))]
    public void Squares_give_the_published_counts(int first, int end, string counts)
    {
        var mask = MaskSamples.Of(25, 25, (x, y) => x >= first && x < end && y >= first && y < end);
        Assert.Equal(counts, Encode(mask));
        Assert.Equal(mask.Words, Decode(counts, 25, 25).Words);
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Published_counts_survive_decoding_and_encoding(int height, int width, string counts)
    {
        var mask = Decode(counts, width, height);
        Assert.InRange(mask.Area(), 1, width * height - 1);
        Assert.Equal(counts, Encode(mask));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Shapes_give_the_reference_counts(string shape, int width, int height, string counts)
    {
        long w = width,
            h = height;
        var mask = MaskSamples.Of(
            width,
            height,
            shape switch
            {
                "disc" => (x, y) => (2 * x - w) * (2 * x - w) * h * h + (2 * y - h) * (2 * y - h) * w * w < w * h * w * h * 3 / 4,
                "ring" => (x, y) => ((x - w / 2) * (x - w / 2) + (y - h / 2) * (y - h / 2)) / 100 % 3 == 1,
                "weave" => (x, y) => (x * x + 3 * y * y + x * y) % 7 < 3,
                "stairs" => (x, y) => (x + 5 * y) % 64 < 20,
                "full" => (_, _) => true,
                _ => (_, _) => false,
            }
        );
        Assert.Equal(counts, Encode(mask));
        Assert.Equal(mask.Words, Decode(counts, width, height).Words);
    }

    [Fact]
    public void Random_masks_of_every_size_survive_encoding_and_decoding()
    {
        foreach (var (width, height) in MaskSamples.Sizes)
        {
            foreach (var share in (double[])[0, 0.02, 0.5, 0.97, 1])
            {
                var mask = MaskSamples.Noise(width, height, width + height, share);
                var back = Decode(Encode(mask), width, height);
                Assert.Equal((width, height), (back.Width, back.Height));
                Assert.Equal(mask.Words, back.Words);
            }
        }
    }

    [Fact]
    public void Uncompressed_counts_and_runs_of_zero_are_read()
    {
        var mask = new BinaryMask();
        Assert.True(runLength.TryDecode([1, 3, 0, 1, 1], 2, 3, mask, out _));
        Assert.Equal([0b10UL, 0b11UL, 0b01UL], mask.Words);
        Assert.True(runLength.TryDecode("0006"u8, 2, 3, mask, out _));
        Assert.Equal(6, mask.Area());
    }

    [Theory]
    [InlineData("", 5, 5, "describe 0 pixels")]
    [InlineData("ac", 25, 25, "character 0")]
    [InlineData("0ac", 25, 25, "character 1")]
    [InlineData("0 c0", 25, 25, "character 1")]
    [InlineData("0é", 25, 25, "character 1")]
    [InlineData("oooooooooooooooo", 25, 25, "character 0")]
    [InlineData("0bc0", 25, 25, "ends outside the mask")]
    [InlineData("0`c0", 25, 25, "625")]
    [InlineData("0O", 25, 25, "run 1 of the counts is -1")]
    [InlineData("0", 0, 5, "0x5")]
    [InlineData("0", -4, -5, "-4x-5")]
    [InlineData("0", 2_000_000_000, 2_000_000_000, "2000000000x2000000000")]
    public void Damaged_counts_are_refused_with_a_reason(string counts, int width, int height, string reason)
    {
        var mask = MaskSamples.Noise(5, 5, 1);
        Assert.False(runLength.TryDecode(counts, width, height, mask, out var problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
        Assert.Equal(0, mask.Area());
    }

    [Fact]
    public void Random_bytes_are_decoded_or_refused_without_a_crash()
    {
        var random = new Random(7);
        var mask = new BinaryMask();
        var bytes = new byte[40];
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            for (var k = 0; i % 2 == 0 && k < bytes.Length; k++)
                bytes[k] = (byte)(48 + bytes[k] % 64);
            var ok = runLength.TryDecode(bytes.AsSpan(0, random.Next(bytes.Length)), 70, 30, mask, out var problem);
            Assert.Equal(ok, problem.Length == 0);
        }
    }

    [Fact]
    public void Counts_above_the_cap_are_not_written()
    {
        var mask = MaskSamples.Noise(200, 200, 3);
        var counts = new ArrayBufferWriter<byte>();
        Assert.True(runLength.TryEncode(mask, counts));
        var length = counts.WrittenCount;
        counts.ResetWrittenCount();
        Assert.True(runLength.TryEncode(mask, counts, length));
        counts.ResetWrittenCount();
        Assert.False(runLength.TryEncode(mask, counts, length - 1));
        Assert.InRange(counts.WrittenCount, 0, length - 1);
    }

    [Fact]
    public void Later_encodings_allocate_nothing()
    {
        var mask = MaskSamples.Blobs();
        var counts = new ArrayBufferWriter<byte>(64);
        Assert.Equal(0, Allocations.Least(Encode));

        void Encode()
        {
            counts.ResetWrittenCount();
            runLength.TryEncode(mask, counts);
        }
    }

    private string Encode(BinaryMask mask)
    {
        var counts = new ArrayBufferWriter<byte>();
        Assert.True(runLength.TryEncode(mask, counts));
        return Encoding.ASCII.GetString(counts.WrittenSpan);
    }

    private BinaryMask Decode(string counts, int width, int height)
    {
        var mask = new BinaryMask();
        Assert.True(runLength.TryDecode(counts, width, height, mask, out var problem), problem);
        return mask;
    }
}
