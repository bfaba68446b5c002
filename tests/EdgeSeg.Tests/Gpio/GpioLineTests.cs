using System.Runtime.CompilerServices;
using EdgeSeg.Configuration;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Gpio;

/// <summary>What can be seen without a chip; with one, on the virtual board: tests/device/.</summary>
public class GpioLineTests
{
    [Fact]
    public void Structures_have_the_sizes_that_the_kernel_expects()
    {
        Assert.Equal(68, Unsafe.SizeOf<GpioAbi.ChipInfo>());
        Assert.Equal(256, Unsafe.SizeOf<GpioAbi.LineInfo>());
        Assert.Equal(592, Unsafe.SizeOf<GpioAbi.LineRequest>());
        Assert.Equal(48, Unsafe.SizeOf<GpioAbi.LineEvent>());
        Assert.Equal(8, Unsafe.SizeOf<LibC.PollEntry>());
        Assert.Equal(68u, GpioAbi.GetChipInfo >> 16 & 0x3FFF);
        Assert.Equal(256u, GpioAbi.GetLineInfo >> 16 & 0x3FFF);
        Assert.Equal(592u, GpioAbi.GetLine >> 16 & 0x3FFF);
    }

    [Fact]
    public void No_chip_is_one_sentence_with_a_remedy()
    {
        var error = Assert.Throws<OperatingException>(() =>
            GpioLine.Open(new GpioTriggerSettings { Chip = "/dev/gpiochip99", Line = "1" })
        );
        Assert.Equal(
            "/dev/gpiochip99 is not there: look for the chip with 'gpiodetect', and correct the chip's path in the settings",
            error.Message
        );
    }

    [Fact]
    public void A_device_that_is_no_chip_is_one_sentence_with_a_remedy()
    {
        var error = Assert.Throws<OperatingException>(() => GpioLine.Open(new GpioTriggerSettings { Chip = "/dev/null", Line = "1" }));
        Assert.StartsWith("/dev/null is no GPIO chip", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(GpioAbi.EACCES, "usermod -aG gpio")]
    [InlineData(GpioAbi.ENODEV, "connect the chip again")]
    [InlineData(5, "cannot be used")]
    public void Errors_of_the_kernel_are_sentences(int error, string part) =>
        Assert.Contains(part, GpioChip.Failure("/dev/gpiochip0", error).Message, StringComparison.Ordinal);
}
