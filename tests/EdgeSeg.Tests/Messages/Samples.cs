using System.Text;
using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Telemetry;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Prompts;

namespace EdgeSeg.Messages;

/// <summary>Contents of messages for tests.</summary>
internal static class Samples
{
    public const string Session = "0a1b2c3d4e5f";

    public static readonly DateTimeOffset Utc = new(2026, 11, 23, 10, 20, 30, 456, TimeSpan.Zero);

    public static readonly ModelInfo Model = new("squeezesam", "1.0", "0123456789abcdef", "int8");

    public static readonly MaskGeometry Geometry = new(1234, 10, 20, 30, 40, 25.5, 40.25);

    /// <summary>Every kind of character that run lengths are made of, some of them special in JSON or HTML.</summary>
    public static readonly byte[] Counts = Encoding.ASCII.GetBytes(@"09:;<=>?@AZ[\]^_`ano");

    public static MaskInfo MaskInfo(string? request = null, string? source = null, double saliency = 0.87654321) =>
        new()
        {
            Number = 7,
            Request = request,
            Source = source,
            Device = "robot-7",
            Camera = "front",
            Session = Session,
            Sequence = 42,
            CapturedUtc = Utc,
            CapturedNs = 123_456_789_012,
            TimeSource = "arrival",
            ClockSynced = true,
            Width = 640,
            Height = 480,
            Model = Model,
            Saliency = saliency,
            AgeMs = 12.3456,
            Drops = 3,
            Degraded = false,
        };

    public static Segmentation Found()
    {
        var result = new Segmentation
        {
            Found = true,
            Score = 0.81f,
            PredictedIou = 0.92f,
        };
        result.Prompt.Source = PromptSource.Auto;
        for (var i = 0; i < 5; i++)
            result.Prompt.Add(new Click(100.5f + i, 200.25f));
        result.Times[Stage.Resize] = 1.25;
        result.Times[Stage.Decode] = 33.5;
        return result;
    }

    public static Segmentation Nothing() => new() { Found = false, Reason = "nothing_salient" };

    public static InfoContent Info() =>
        new()
        {
            Device = "robot-7",
            Session = Session,
            Versions = [new("edgeseg", "0.1.0"), new("onnxruntime", "1.31.1")],
            Models = [new InfoModel("segmenter", Model, "Apache-2.0", Zoom: true, NegativeClicks: false)],
            Provider = "CPUExecutionProvider",
            PrecisionReason = "int8: the CPU has VNNI",
            Cameras = [new InfoCamera("front", "v4l2", 640, 480, new LiveSettings(CameraMode.Continuous, 0, 1, 0, .001))],
            Commands = [],
        };

    /// <summary>A real reporter's figures after one frame with every stage, one without any, and one drop.</summary>
    public static TelemetryInfo Telemetry(DeviceVitals? board = null)
    {
        var reporter = new TelemetryCollector("robot-7", Session, ["front"], TimeProvider.System);
        var camera = reporter.Camera("front");
        StageTimes times = default;
        for (var i = 0; i < StageTimes.Count; i++)
            times[(Stage)i] = i + 0.5;
        camera.SetSource(30, 2, 1);
        camera.CountOut(times, 50);
        camera.CountOut(StageTimes.None, 60);
        foreach (var cause in Enum.GetValues<DropCause>())
            camera.Drops.Count(cause);
        return reporter.Take(new LinkStats(7, 1, 2, new LinkDrops(1, 2, 3, 4)), board ?? Board, new SwapStats(1, 2.5), clockSynced: true);
    }

    /// <summary>A board that reports every value.</summary>
    public static readonly DeviceVitals Board = new(
        [new ThermalZone("cpu", 61.23), new ThermalZone("gpu", 58)],
        new Throttling([Sensors.UnderVoltage], [Sensors.UnderVoltage, Sensors.Cooling]),
        [new PowerRail("VDD_IN", 5.1234)],
        1 << 30,
        4L << 30,
        10L << 30
    );

    /// <summary>A board that reports nothing.</summary>
    public static readonly DeviceVitals SilentBoard = new([], null, [], null, null, null);

    public static readonly ServiceMetrics Service = new(
        "north",
        "1.2.3",
        "squeezesam",
        "7",
        true,
        true,
        ["camera_lost", "camera_lost", "disk_low"],
        new LiveStats(40, 0.9, 0.8, 0.25),
        new UpdateStats("downloading", false, 8, null, 1_000_000, 25_000_000)
    );

    public static readonly Alert Alert = new(
        "camera-front",
        "camera_lost",
        "camera front is lost: unplugged",
        "look at its cable",
        Degrades: true,
        Camera: "front"
    );

    public static CameraStatus Camera(CameraState state, string reason = "unplugged") =>
        new(state, reason, 12.3, 1, 100, 50, 0, new CameraFormat(1280, 720, 30, "MJPG", "arrival", true, true));
}
