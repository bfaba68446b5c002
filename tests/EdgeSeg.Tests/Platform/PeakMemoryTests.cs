using Xunit;

namespace EdgeSeg.Platform;

public class PeakMemoryTests
{
    [Theory]
    [InlineData("Name:\tx\nVmHWM:\t  119880 kB\nVmRSS:\t 1 kB\n", 117.0703125)]
    [InlineData("VmHWM:\t10983456 kB\n", 10726.03125)]
    [InlineData("VmRSS:\t10983456 kB\n", double.NaN)]
    [InlineData("", double.NaN)]
    public void Is_read_whatever_its_width(string status, double mib) => Assert.Equal(mib, PeakMemory.Parse(status));

    [Fact]
    public void This_process_has_some() => Assert.InRange(PeakMemory.MiB, 10, 1 << 20);
}
