using System.Text;
using System.Text.Json;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Telemetry;

public sealed class DeviceVitalsTests : IDisposable
{
    private readonly Scratch root = new();

    public void Dispose() => root.Dispose();

    private void Lay(string path, string text) => root.Write(path, Encoding.ASCII.GetBytes(text + "\n"));

    private DeviceVitals Read() => DeviceVitals.Read(root.Path, root.Path, root.Path);

    [Fact]
    public void A_jetson_reports_zones_rails_and_throttling()
    {
        Lay("class/thermal/thermal_zone0/type", "cpu-thermal");
        Lay("class/thermal/thermal_zone0/temp", "48250");
        Lay("class/thermal/thermal_zone1/type", "gpu-thermal");
        Lay("class/thermal/thermal_zone1/temp", "-256000");
        Lay("class/thermal/cooling_device0/type", "pwm-fan");
        Lay("class/thermal/cooling_device0/cur_state", "3");
        Lay("class/thermal/cooling_device1/type", "cpu-throttle-alert");
        Lay("class/thermal/cooling_device1/cur_state", "0");
        Lay("class/hwmon/hwmon0/name", "nvme");
        Lay("class/hwmon/hwmon0/in1_input", "5000");
        Lay("class/hwmon/hwmon0/curr1_input", "1000");
        Lay("class/hwmon/hwmon3/name", "ina3221");
        Lay("class/hwmon/hwmon3/in1_label", "VDD_IN");
        Lay("class/hwmon/hwmon3/in1_input", "5000");
        Lay("class/hwmon/hwmon3/curr1_input", "1500");
        Lay("class/hwmon/hwmon3/in2_input", "5000");
        Lay("class/hwmon/hwmon4/name", "ina219");
        Lay("class/hwmon/hwmon4/power1_input", "2500000");
        var vitals = Read();
        Assert.Equal([new ThermalZone("cpu-thermal", 48.25)], vitals.Zones);
        Assert.Equal([new PowerRail("VDD_IN", 7.5), new PowerRail("ina219_1", 2.5)], vitals.Rails);
        Assert.Empty(vitals.Throttling!.Now);
        Assert.Null(vitals.Throttling.SinceBoot);
        Lay("class/thermal/cooling_device1/cur_state", "1");
        Assert.Equal([Sensors.Cooling], Read().Throttling!.Now);
    }

    [Fact]
    public void A_raspberry_pi_also_reports_throttling_since_boot()
    {
        Lay("devices/platform/soc/soc:firmware/get_throttled", "d0005");
        var throttling = Read().Throttling!;
        Assert.Equal([Sensors.UnderVoltage, "throttled"], throttling.Now);
        Assert.Equal([Sensors.UnderVoltage, "throttled", "soft_temperature_limit"], throttling.SinceBoot!);
        Lay("devices/platform/soc/soc:firmware/get_throttled", "0");
        Assert.Equal((0, 0), (Read().Throttling!.Now.Count, Read().Throttling!.SinceBoot!.Count));
    }

    [Fact]
    public void Zones_of_one_name_are_distinguished()
    {
        for (var i = 0; i < 3; i++)
        {
            Lay($"class/thermal/thermal_zone{i}/type", "acpitz");
            Lay($"class/thermal/thermal_zone{i}/temp", "30000");
        }

        Assert.Equal(["acpitz", "acpitz-2", "acpitz-3"], Read().Zones.Select(z => z.Zone));
    }

    [Fact]
    public void What_the_machine_does_not_report_is_absent_from_the_message()
    {
        var vitals = DeviceVitals.Read("/nowhere/at/all", "/nowhere", "/nowhere");
        Assert.Empty(vitals.Zones);
        Assert.Null(vitals.Throttling);
        using var buffer = new JsonBuffer();
        var board = JsonDocument
            .Parse(TelemetryMessage.Write(buffer, Samples.Telemetry(vitals)).ToArray())
            .RootElement.GetProperty("board");
        Assert.Equal(["disk_free_bytes"], board.EnumerateObject().Select(p => p.Name));
    }

    [Theory]
    [InlineData("MemTotal:        8000000 kB\nMemFree: 1 kB\nMemAvailable:    4000000 kB\n", 4_000_000L << 10)]
    [InlineData("MemFree: 1 kB\n", null)]
    [InlineData("MemAvailable: many kB\n", null)]
    [InlineData("MemAvailable:\n", null)]
    public void Available_memory_is_read_in_kibibytes(string meminfo, long? bytes) =>
        Assert.Equal(bytes, DeviceVitals.MemoryBytes(meminfo, "MemAvailable:"));

    [Fact]
    public void This_machine_reports_its_memory_and_disk()
    {
        var vitals = DeviceVitals.Read(root.Path);
        Assert.InRange(vitals.MemoryAvailableBytes!.Value, 1 << 20, vitals.MemoryTotalBytes!.Value);
        Assert.True(vitals.DiskFreeBytes > 0);
    }
}
