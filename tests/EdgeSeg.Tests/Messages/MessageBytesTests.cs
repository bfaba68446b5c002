using System.Text;
using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Telemetry;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using Xunit;

namespace EdgeSeg.Messages;

/// <summary>
/// The exact bytes of the messages that are not on the frame path, in tests/data/messages. A reader may depend on the order of the fields
/// and on the form of a number; both stay. UPDATE_REFERENCE=1 writes the files again after the contract has changed.
/// </summary>
public sealed class MessageBytesTests : IDisposable
{
    /// <summary>Characters that an encoder may escape.</summary>
    private const string Special = "ä \"quoted\" \\ <tag> & 'x' + \n\t€ 😀 \u007f";

    private static readonly UpdateReport downloading = new(UpdateReport.Downloading, "squeezesam", 7, 12, UpdateReason.Stalled, Special)
    {
        Bytes = 1_000_000,
        BytesTotal = 25_000_000_000,
    };

    private static readonly StageStats stage = new(1000, 1.2345678, 2.0005, 3, 1e-9, [0, 1, 5, 1000]);

    private static readonly TelemetryInfo telemetry = new(
        "robot-7",
        Samples.Session,
        Samples.Utc.AddTicks(7_000_001),
        ClockSynced: true,
        IntervalS: 10.00049,
        [
            new CameraTelemetry(
                "front",
                29.996,
                double.NaN,
                2,
                1,
                [new("inference_busy", 3), new("stale", 1L << 40)],
                [new("decode", stage), new("end_to_end", stage with { MaxMs = double.PositiveInfinity })]
            ),
            new CameraTelemetry("rear", 0, 0, 0, 0, [], []),
        ],
        new ProcessStats(180_000_000, 123.456, 4096, 3, 2, 1, 9),
        new LinkStats(70, 1, 2, new LinkDrops(1, 2, 3, 4, 5)),
        Samples.Board,
        new SwapStats(1, 2.5)
    );

    private readonly JsonBuffer buffer = new();

    public void Dispose() => buffer.Dispose();

    [Theory]
    [InlineData("status-degraded")]
    [InlineData("status-will")]
    [InlineData("info-full")]
    [InlineData("info-least")]
    [InlineData("telemetry-full")]
    [InlineData("telemetry-silent-board")]
    [InlineData("telemetry-hot-board")]
    [InlineData("camera-lost")]
    [InlineData("camera-starting")]
    [InlineData("model-downloading")]
    [InlineData("model-idle")]
    [InlineData("alert-camera")]
    [InlineData("alert-device")]
    public void The_bytes_of_a_message_stay(string name)
    {
        var path = Repository.PathOf($"tests/data/messages/{name}.json");
        var message = Message(name);
        if (Environment.GetEnvironmentVariable("UPDATE_REFERENCE") == "1")
            File.WriteAllText(path, message);
        Assert.Equal(File.ReadAllText(path), message);
    }

    private string Message(string name) =>
        name switch
        {
            "status-degraded" => Status(ServiceState.Degraded, ["camera_lost:front", Special], Samples.Utc, new(1, 2, 3, 4, 5)),
            "status-will" => Status(ServiceState.Offline, ["lost"], null, default),
            "info-full" => Text(InfoMessage.Write(buffer, FullInfo())),
            "info-least" => Text(InfoMessage.Write(buffer, Samples.Info())),
            "telemetry-full" => Telemetry(telemetry),
            "telemetry-silent-board" => Telemetry(
                telemetry with
                {
                    Cameras = [],
                    ClockSynced = false,
                    Process = telemetry.Process with { RssBytes = null, CpuPercent = double.NaN },
                    Board = Samples.SilentBoard,
                }
            ),
            "telemetry-hot-board" => Telemetry(
                telemetry with
                {
                    Board = Samples.Board with { Throttling = new Throttling([Sensors.Cooling, Special], null), Rails = [] },
                }
            ),
            "camera-lost" => Camera(Samples.Camera(CameraState.Lost, Special) with { FrameAgeMs = 1234.5 }),
            "camera-starting" => Camera(new(CameraState.Starting, "", double.NaN, 0, 0, 0, 0, null)),
            "model-downloading" => Model("north", downloading),
            "model-idle" => Model("", new UpdateReport(UpdateReport.Idle)),
            "alert-camera" => Alert(Samples.Alert),
            "alert-device" => Alert(new("clock-unset", "clock_unset", Special, Special)),
            _ => throw new ArgumentException(name),
        };

    private string Status(ServiceState state, IReadOnlyList<string> reasons, DateTimeOffset? since, LinkDrops drops) =>
        Text(StatusMessage.Write(buffer, "robot-7", Samples.Session, state, reasons, since, drops));

    private string Telemetry(TelemetryInfo info) => Text(TelemetryMessage.Write(buffer, info));

    private string Camera(CameraStatus status) => Text(CameraStateMessage.Write(buffer, "robot-7", Samples.Session, "front", status));

    private string Model(string fleet, UpdateReport report) =>
        Text(ModelStateMessage.Write(buffer, "robot-7", Samples.Session, fleet, report, Samples.Model, Samples.Utc));

    private string Alert(Alert alert) => Text(AlertMessage.Write(buffer, "robot-7", Samples.Session, alert, Samples.Utc));

    private static string Text(ReadOnlySpan<byte> message) => Encoding.UTF8.GetString(message);

    private static InfoContent FullInfo() =>
        new()
        {
            Device = "robot-7",
            Session = Samples.Session,
            Fleet = "north",
            Tags = ["indoor", Special],
            Versions = [new("edgeseg", "0.1.0"), new(Special, "1.31.1")],
            Models =
            [
                new InfoModel("segmenter", Samples.Model, "Apache-2.0", Zoom: true, NegativeClicks: false),
                new InfoModel("prompted", new ModelInfo(Special, "2", "", "fp16"), "", Zoom: false, NegativeClicks: true),
            ],
            Provider = "CUDAExecutionProvider",
            PassedOver = ["TensorrtExecutionProvider: no libnvinfer.so"],
            PrecisionReason = Special,
            Cameras =
            [
                new InfoCamera("front", "v4l2", 640, 480, new LiveSettings(CameraMode.Continuous, 0, 1, 0, .001)),
                new InfoCamera("rear", "rtsp", 1920, 1080, new LiveSettings(CameraMode.Interval, 1 / 3.0, 2.5, .25, 1e-7)),
            ],
            Commands = ["click", "set"],
        };
}
