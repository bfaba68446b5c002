using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Health;

public class DoctorTests
{
    private static readonly Check[] mixed =
    [
        Check.Ok("opencv", "4.13 from /x"),
        Check.Warning("clock", "not synchronised", "timedatectl set-ntp true"),
        Check.Failed("camera cam0", "/dev/video0 is not there", "connect the camera"),
    ];

    [Fact]
    public void The_table_is_aligned_and_counts()
    {
        var output = new StringWriter { NewLine = "\n" };
        Doctor.Write(output, mixed);
        Assert.Equal(
            """
            ok       opencv       4.13 from /x
            warning  clock        not synchronised
                                  -> timedatectl set-ntp true
            failed   camera cam0  /dev/video0 is not there
                                  -> connect the camera
            1 ok, 1 warning, 1 failed

            """,
            output.ToString()
        );
    }

    [Fact]
    public void An_empty_table_is_written_too()
    {
        var output = new StringWriter { NewLine = "\n" };
        Doctor.Write(output, []);
        Assert.Equal("0 ok, 0 warnings, 0 failed\n", output.ToString());
    }

    [Fact]
    public void Only_a_failed_check_makes_the_exit_code_1()
    {
        Assert.Equal(1, Doctor.ExitCode(mixed));
        Assert.Equal(0, Doctor.ExitCode(mixed[..2]));
    }

    [Fact]
    public void A_check_that_throws_fails_and_the_others_go_on()
    {
        var checks = Doctor.Examine([
            Doctor.Of("model", () => throw new OperatingException("model.onnx is altered: copy the bundle again")),
            Doctor.Of("sensor", () => throw new InvalidDataException("odd\nnumber")),
            Doctor.Of("disk", () => "1 MiB"),
        ]);
        Assert.Equal(
            [
                Check.Failed("model", "model.onnx is altered: copy the bundle again", ""),
                Check.Failed("sensor", "could not be checked: odd number", ""),
                Check.Ok("disk", "1 MiB"),
            ],
            checks
        );
    }

    [Fact]
    public void The_native_libraries_are_found_with_their_versions()
    {
        var checks = Doctor.Examine([NativeChecks.Runtime, NativeChecks.OpenCv]);
        Assert.All(checks, c => Assert.Equal(CheckState.Ok, c.State));
        Assert.StartsWith("1.", checks[0].Finding, StringComparison.Ordinal);
        Assert.StartsWith("4.", checks[1].Finding, StringComparison.Ordinal);
    }
}
