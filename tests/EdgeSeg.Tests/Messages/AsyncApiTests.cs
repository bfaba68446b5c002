using System.Text;
using System.Text.Json.Nodes;
using EdgeSeg.Capture;
using EdgeSeg.Platform;
using EdgeSeg.Release;
using EdgeSeg.Service;
using EdgeSeg.Telemetry;
using Xunit;

namespace EdgeSeg.Messages;

public sealed class AsyncApiTests : IDisposable
{
    private static readonly AsyncApi api = AsyncApi.Load();
    private static readonly UpdateReport downloading = new(UpdateReport.Downloading, "squeezesam", 7, 12)
    {
        Bytes = 1_000_000,
        BytesTotal = 25_000_000,
    };
    private readonly JsonBuffer buffer = new();
    private readonly LinkDrops drops = new(1, 2, 3, 4);
    private readonly CameraStatus lost = Samples.Camera(CameraState.Lost),
        starting = new(CameraState.Starting, "", double.NaN, 0, 0, 0, 0, null);

    public void Dispose() => buffer.Dispose();

    private string Message(string name)
    {
        var bytes = name switch
        {
            "mask" => MaskMessage.Write(
                buffer,
                Samples.MaskInfo("r", "p.jpg"),
                Samples.Found(),
                Samples.Geometry,
                Samples.Counts,
                new PolygonRings([0, 0, 5, 0, 5, 5], [3], [false], 1),
                MessageLimits.MaxMessageBytes
            ),
            "mask: nothing" => MaskMessage.Write(
                buffer,
                Samples.MaskInfo(saliency: double.NaN),
                Samples.Nothing(),
                default,
                [],
                default,
                MessageLimits.MaxMessageBytes
            ),
            "mask: too large" => MaskMessage.Write(
                buffer,
                Samples.MaskInfo(),
                Samples.Found(),
                Samples.Geometry,
                new byte[200_000],
                default,
                MessageLimits.MaxMessageBytes
            ),
            _ => OtherMessage(name),
        };
        return Encoding.UTF8.GetString(bytes);
    }

    private ReadOnlySpan<byte> OtherMessage(string name) =>
        name switch
        {
            "status" => StatusMessage.Write(
                buffer,
                "robot-7",
                Samples.Session,
                ServiceState.Degraded,
                ["camera_lost:front", "throttled"],
                Samples.Utc,
                drops
            ),
            "info" => InfoMessage.Write(buffer, Samples.Info()),
            "telemetry" => TelemetryMessage.Write(buffer, Samples.Telemetry()),
            "telemetry: samples" => TelemetryMessage.Write(
                buffer,
                Samples.Telemetry() with
                {
                    Samples = new SampleStats(3, 4_000_000, 5, 1, 2, 1),
                }
            ),
            "telemetry: silent board" => TelemetryMessage.Write(buffer, Samples.Telemetry(Samples.SilentBoard)),
            "telemetry: this machine" => TelemetryMessage.Write(buffer, Samples.Telemetry(DeviceVitals.Read("/var/lib/edgeseg"))),
            "camera" => CameraStateMessage.Write(buffer, "robot-7", Samples.Session, "front", lost),
            "camera: new" => CameraStateMessage.Write(buffer, "robot-7", Samples.Session, "front", starting),
            "alert" => AlertMessage.Write(buffer, "robot-7", Samples.Session, Samples.Alert, Samples.Utc),
            "alert: no camera" => AlertMessage.Write(
                buffer,
                "robot-7",
                Samples.Session,
                Samples.Alert with
                {
                    Camera = null,
                    Id = "clock-unset",
                    Code = "clock_unset",
                },
                Samples.Utc
            ),
            "model" => ModelStateMessage.Write(buffer, "robot-7", Samples.Session, "north", downloading, Samples.Model, Samples.Utc),
            "model: idle" => ModelStateMessage.Write(
                buffer,
                "robot-7",
                Samples.Session,
                "",
                new UpdateReport(UpdateReport.Idle),
                Samples.Model,
                Samples.Utc
            ),
            "desired" => ReleaseSamples.Seal(ReleaseSamples.Install(), ReleaseSamples.Alice, ReleaseSamples.Bob).Write(),
            _ => throw new ArgumentException(name),
        };

    [Theory]
    [InlineData("Mask", "mask")]
    [InlineData("Mask", "mask: nothing")]
    [InlineData("Mask", "mask: too large")]
    [InlineData("Status", "status")]
    [InlineData("Info", "info")]
    [InlineData("Telemetry", "telemetry")]
    [InlineData("Telemetry", "telemetry: silent board")]
    [InlineData("Telemetry", "telemetry: samples")]
    [InlineData("Telemetry", "telemetry: this machine")]
    [InlineData("CameraState", "camera")]
    [InlineData("CameraState", "camera: new")]
    [InlineData("Alert", "alert")]
    [InlineData("Alert", "alert: no camera")]
    [InlineData("ModelState", "model")]
    [InlineData("ModelState", "model: idle")]
    [InlineData("ModelDesired", "desired")]
    public void Messages_keep_to_the_published_schemas(string schema, string message) => Assert.Empty(api.Errors(schema, Message(message)));

    [Theory]
    [InlineData("Mask", "mask: nothing")]
    [InlineData("Status", "status")]
    [InlineData("Info", "info")]
    [InlineData("Telemetry", "telemetry")]
    [InlineData("CameraState", "camera")]
    [InlineData("Alert", "alert")]
    [InlineData("ModelState", "model")]
    [InlineData("ModelDesired", "desired")]
    public void A_field_taken_away_added_or_of_another_type_breaks_the_schema(string schema, string message)
    {
        var whole = JsonNode.Parse(Message(message))!.AsObject();
        foreach (var name in whole.Select(p => p.Key).ToArray())
        {
            var without = whole.DeepClone().AsObject();
            without.Remove(name);
            Assert.True(api.Errors(schema, without.ToJsonString()).Count > 0, $"{schema} without {name} passes");
            var other = whole.DeepClone().AsObject();
            other[name] = new JsonObject { ["unknown"] = new JsonArray(new JsonObject()) };
            Assert.True(api.Errors(schema, other.ToJsonString()).Count > 0, $"{schema} with an object as {name} passes");
        }

        whole["extra"] = 1;
        Assert.NotEmpty(api.Errors(schema, whole.ToJsonString()));
    }

    [Theory]
    [InlineData("mask", "counts", "ä")]
    [InlineData("mask", "format", "png")]
    [InlineData("prompt", "source", "guess")]
    [InlineData("model", "sha256", "XYZ")]
    [InlineData("ms", "lunch", "1")]
    public void A_wrong_value_deep_inside_breaks_the_schema(string part, string field, string value)
    {
        var json = JsonNode.Parse(Message("mask"))!;
        json[part]![field] = value;
        Assert.NotEmpty(api.Errors("Mask", json.ToJsonString()));
    }

    [Fact]
    public void Every_camera_state_and_every_alert_is_in_the_document()
    {
        foreach (var state in Enum.GetValues<CameraState>())
        {
            var status = Samples.Camera(state);
            Assert.Empty(
                api.Errors(
                    "CameraState",
                    Encoding.UTF8.GetString(CameraStateMessage.Write(buffer, "robot-7", Samples.Session, "front", status))
                )
            );
            var longest = new string('x', Identifier.MaxLength);
            foreach (
                var alert in AlertRules.Lasting(
                    [(longest, status)],
                    new AlertInputs("robot-7", Samples.Board with { DiskFreeBytes = 0 }, true, false, "no such file")
                )
            )
            {
                Assert.Contains(alert.Id, AlertRules.Ids(new Topics("robot-7", [longest])));
                new Topics("robot-7", []).Alert(alert.Id);
                Assert.Empty(
                    api.Errors("Alert", Encoding.UTF8.GetString(AlertMessage.Write(buffer, "robot-7", Samples.Session, alert, Samples.Utc)))
                );
            }
        }
    }

    [Fact]
    public void Every_state_and_every_reason_of_an_update_is_in_the_document()
    {
        string[] states =
        [
            UpdateReport.Idle,
            UpdateReport.Waiting,
            UpdateReport.Downloading,
            UpdateReport.Verifying,
            UpdateReport.Canary,
            UpdateReport.Trial,
            UpdateReport.Active,
            UpdateReport.Refused,
            UpdateReport.RolledBack,
        ];
        foreach (var state in states)
            Assert.Empty(Errors(downloading with { State = state }));
        Assert.NotEmpty(Errors(downloading with { State = "lost" }));
        var reasons = typeof(UpdateReason).GetFields().Select(f => (string)f.GetRawConstantValue()!).ToArray();
        Assert.True(reasons.Length > 30);
        foreach (var reason in reasons)
            Assert.Empty(Errors(downloading with { Reason = reason, Text = "for people" }));

        IReadOnlyList<string> Errors(UpdateReport report) =>
            api.Errors(
                "ModelState",
                Encoding.UTF8.GetString(
                    ModelStateMessage.Write(buffer, "robot-7", Samples.Session, "north", report, Samples.Model, Samples.Utc)
                )
            );
    }

    [Theory]
    [InlineData("sig", "not base64!")]
    [InlineData("key", "alice")]
    [InlineData("alg", "none")]
    public void A_wrong_signature_breaks_the_schema(string field, string value)
    {
        var json = JsonNode.Parse(Message("desired"))!;
        json["signatures"]![0]![field] = value;
        Assert.NotEmpty(api.Errors("ModelDesired", json.ToJsonString()));
    }

    [Fact]
    public void The_document_names_the_topics_of_the_code()
    {
        var topics = new Topics("robot-7", ["front"], "site/hall-3");
        var addresses = api.Document["channels"]!
            .AsObject()
            .Select(c =>
                c.Value!["address"]!
                    .GetValue<string>()
                    .Replace("{prefix}", "site/hall-3", StringComparison.Ordinal)
                    .Replace("{device}", "robot-7", StringComparison.Ordinal)
                    .Replace("{camera}", "front", StringComparison.Ordinal)
                    .Replace("{fleet}", "north", StringComparison.Ordinal)
            )
            .ToArray();
        foreach (
            var topic in new[]
            {
                topics.Status,
                topics.Info,
                topics.Telemetry,
                topics.Camera("front").Mask,
                topics.Camera("front").State,
                topics.ModelDesired,
                topics.ModelState,
                topics.ModelHold,
                Topics.FleetModelDesired(topics.Prefix, "north"),
                topics.ModelKeys + "{keySet}",
                Topics.FleetModelKeys(topics.Prefix, "north") + "{keySet}",
            }
        )
            Assert.Contains(topic, addresses);
    }
}
