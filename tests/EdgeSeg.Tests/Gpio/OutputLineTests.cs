using EdgeSeg.Configuration;
using EdgeSeg.Vision.Platform;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Gpio;

public class OutputLineTests
{
    private readonly FakeTimeProvider time = new();
    private readonly List<bool> volts = [];

    private OutputLine Line(OutputMode mode = OutputMode.Level, bool activeLow = false) =>
        new(
            new OutputSettings
            {
                Mode = mode,
                PulseMs = 50,
                ActiveLow = activeLow,
            },
            volts.Add,
            time
        );

    [Fact]
    public void A_level_lasts_until_it_is_changed_and_is_off_at_start_and_end()
    {
        using (var line = Line())
        {
            line.Set(true);
            time.Advance(TimeSpan.FromHours(1));
            line.Set(false);
            line.Set(true);
        }

        Assert.Equal([false, true, false, true, false], volts);
    }

    [Fact]
    public void A_pulse_ends_after_its_time_and_a_second_one_extends_it()
    {
        using var line = Line(OutputMode.Pulse);
        line.Set(true);
        time.Advance(TimeSpan.FromMilliseconds(40));
        line.Set(true);
        time.Advance(TimeSpan.FromMilliseconds(40));
        Assert.True(volts[^1]);
        time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.False(volts[^1]);
    }

    [Fact]
    public void Active_low_turns_the_voltage_round_and_safe_is_high()
    {
        using (var line = Line(activeLow: true))
            line.Set(true);
        Assert.Equal([true, false, true], volts);
    }

    [Fact]
    public void Nothing_is_driven_after_the_end()
    {
        var line = Line(OutputMode.Pulse);
        line.Set(true);
        line.Dispose();
        var written = volts.Count;
        line.Set(true);
        time.Advance(TimeSpan.FromSeconds(1));
        line.Dispose();
        Assert.Equal(written, volts.Count);
        Assert.False(volts[^1]);
    }

    [Fact]
    public void No_chip_is_one_sentence_with_a_remedy()
    {
        var error = Assert.Throws<OperatingException>(() =>
            OutputLine.Open(new OutputSettings { Chip = "/dev/gpiochip99", Line = "1" }, time)
        );
        Assert.Contains("gpiodetect", error.Message, StringComparison.Ordinal);
    }
}
