using System.Text;
using System.Text.Json.Nodes;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Models;
using Xunit;
using static EdgeSeg.Release.ReleaseSamples;

namespace EdgeSeg.Updates;

public class ManifestRulesTests
{
    private static BundleInfo Bundle => Install().Bundle!;

    private static Manifest With(Func<BundleInfo, BundleInfo> change) => Install() with { Bundle = change(Bundle) };

    private static void Refused(string because, Manifest manifest)
    {
        var e = Assert.Throws<UpdateException>(() => Manifest.Read(manifest.Write()));
        Assert.Equal(UpdateReason.BadManifest, e.Reason);
        Assert.Contains(because, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Valid_manifests_are_read_unchanged()
    {
        foreach (var manifest in new[] { Install(), Plain(ManifestRules.Pause), Plain(ManifestRules.Abort), Rotation(Alice, Bob) })
            Assert.Equal(manifest.Write(), Manifest.Read(manifest.Write()).Write());
    }

    [Fact]
    public void What_every_manifest_must_keep_to()
    {
        Refused("type", Install() with { Type = "edgeseg-config" });
        Refused("version 2", Install() with { V = 2 });
        Refused("action", Install() with { Action = "format" });
        Refused("serial", Install() with { Serial = 0 });
        Refused("serial", Install() with { Serial = UpdateLimits.MaxSerial + 1 });
        Refused("expires before", Install() with { Expires = Now });
        Refused("bundle belongs", Install() with { Bundle = null });
        Refused("bundle belongs", Plain(ManifestRules.Pause) with { Bundle = Bundle });
        Refused("keys belong", Plain(ManifestRules.Keys));
        Refused("keys belong", Install() with { Keys = Rotation(Alice).Keys });
        Refused(
            "roll-out",
            Install() with
            {
                Rollout = new Rollout { Percent = 100.5, Salt = "s" },
            }
        );
        Refused(
            "roll-out",
            Install() with
            {
                Rollout = new Rollout { Percent = -1, Salt = "s" },
            }
        );
        Refused(
            "roll-out",
            Install() with
            {
                Rollout = new Rollout { Percent = 50, Salt = "" },
            }
        );
        var all = new Rollout { Percent = 100, Salt = "s" };
        foreach (
            string[] ids in (string[][])
                [
                    [],
                    ["Robot 1"],
                    ["a", "a"],
                    [null!],
                    [.. Enumerable.Range(0, UpdateLimits.MaxRolloutDevices + 1).Select(i => $"r{i}")],
                ]
        )
        {
            Refused("device", Install() with { Rollout = all with { Devices = ids } });
            Refused("tags", Install() with { Rollout = all with { Tags = ids } });
        }

        Assert.Null(ManifestRules.Fault(Install() with { Rollout = all with { Devices = ["robot-1"], Tags = ["dock", "outdoor"] } }));
    }

    [Fact]
    public void What_every_bundle_must_keep_to()
    {
        Refused("name", With(b => b with { Name = "../x" }));
        Refused("name", With(b => b with { Name = "Squeeze" }));
        Refused("version", With(b => b with { Version = 0 }));
        string[] urls =
        [
            "models/",
            "https://models.example.org/a",
            "https://user:pw@models.example.org/",
            "https://models.example.org/a?b/",
            "https://models.example.org/#/",
            "https://e.org/" + new string('x', UpdateLimits.MaxUrlLength) + "/",
            "https://e.org/a b/",
        ];
        foreach (var url in urls)
            Refused("url", With(b => b with { Url = url }));
        Assert.Null(ManifestRules.Fault(With(b => b with { Url = "https://models.example.org/a/?sv=2024&sig=a%2Fb%3D" })));
        Refused("files", With(b => b with { Files = [] }));
        Refused(
            "files",
            With(b => b with { Files = [.. b.Files, .. Enumerable.Range(0, UpdateLimits.MaxBundleFiles).Select(i => File($"f{i}"))] })
        );
        Refused("twice", With(b => b with { Files = [.. b.Files, b.Files[0]] }));
        Refused("model.json", With(b => b with { Files = [.. b.Files.Skip(1)] }));
        Refused("bytes", With(b => b with { Files = [b.Files[0] with { Bytes = 0 }, .. b.Files.Skip(1)] }));
        Refused(
            "bytes",
            With(b =>
                b with
                {
                    Files = [.. b.Files, .. Enumerable.Range(0, 3).Select(i => File($"f{i}") with { Bytes = ModelBundle.MaxGraphBytes })],
                }
            )
        );
        foreach (var sum in new[] { "", new string('a', 63), new string('A', 64), new string('g', 64) })
            Refused("SHA-256", With(b => b with { Files = [b.Files[0] with { Sha256 = sum }, .. b.Files.Skip(1)] }));
        Refused("lowest version", With(b => b with { Compatible = b.Compatible with { MinEdgeseg = "1.0-rc" } }));
        Refused(
            "machines",
            With(b =>
                b with
                {
                    Compatible = b.Compatible with { Machines = [.. Enumerable.Repeat("linux-x64", UpdateLimits.MaxBundleFiles + 1)] },
                }
            )
        );
        Refused("machine or board", With(b => b with { Compatible = b.Compatible with { Boards = [""] } }));
        Refused(
            "quality",
            With(b => b with { Quality = Enumerable.Range(0, UpdateLimits.MaxQualityFigures + 1).ToDictionary(i => $"q{i}", i => 1.0) })
        );
    }

    [Theory]
    [InlineData("../model.onnx")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/model.onnx")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("a\\b")]
    [InlineData("a\u0000b")]
    [InlineData("a\nb")]
    [InlineData("modèle.onnx")]
    [InlineData("")]
    public void A_path_in_a_file_name_is_refused(string name) =>
        Refused("plain one", With(b => b with { Files = [.. b.Files, File(name)] }));

    [Fact]
    public void The_name_of_a_slots_own_file_is_refused() =>
        Refused("devices use", With(b => b with { Files = [.. b.Files, File(SlotStore.SumsName)] }));

    [Fact]
    public void What_canary_and_trial_must_keep_to()
    {
        Refused("cases", With(b => b with { Canary = b.Canary with { Cases = "other.json" } }));
        Refused("IoU", With(b => b with { Canary = b.Canary with { MinIou = 0.4 } }));
        Refused("IoU", With(b => b with { Canary = b.Canary with { MinIou = 1.01 } }));
        Refused("latency", With(b => b with { Canary = b.Canary with { MaxLatencyRatio = 0 } }));
        Refused("memory", With(b => b with { Canary = b.Canary with { MaxMemoryMib = 1 } }));
        Refused("live frames", With(b => b with { Live = b.Live with { Frames = 0 } }));
        Refused("live margin", With(b => b with { Live = b.Live with { FoundRateDrop = 2 } }));
        Refused("live margin", With(b => b with { Live = b.Live with { PredictedIouDrop = -0.1 } }));
        Refused("live margin", With(b => b with { Live = b.Live with { AreaFactor = 0.5 } }));
        Refused("live wait", With(b => b with { Live = b.Live with { WaitS = 0 } }));
    }

    [Fact]
    public void What_new_keys_must_keep_to()
    {
        Manifest Keys(Func<KeySetInfo, KeySetInfo> change) => Rotation(Alice, Bob) with { Keys = change(Rotation(Alice, Bob).Keys!) };
        Refused("number", Keys(k => k with { Number = 1 }));
        Refused("keys", Keys(k => k with { Keys = [] }));
        Refused("twice", Keys(k => k with { Keys = [k.Keys[0], "Expires: 2030-01-01\n" + k.Keys[0]] }));
        Refused("P-256", Keys(k => k with { Keys = ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] }));
        Refused("threshold", Keys(k => k with { Threshold = 0 }));
        Refused("threshold", Keys(k => k with { Threshold = 3 }));
        Refused("threshold", Keys(k => k with { Threshold = 2, Revoked = [Alice.Id] }));
        Refused("id of a key", Keys(k => k with { Revoked = ["alice"] }));
        Refused(
            "revoked",
            Keys(k => k with { Revoked = [.. Enumerable.Range(0, UpdateLimits.MaxRevokedKeys + 1).Select(i => $"{i:x32}")] })
        );
    }

    [Theory]
    [InlineData("""{"type":"edgeseg-model"}""")]
    [InlineData("""null""")]
    [InlineData("""[]""")]
    [InlineData("")]
    public void What_is_no_manifest_is_refused(string text) =>
        Assert.Equal(UpdateReason.BadManifest, Assert.Throws<UpdateException>(() => Manifest.Read(Encoding.UTF8.GetBytes(text))).Reason);

    [Fact]
    public void Unknown_doubled_and_null_members_are_refused()
    {
        var text = Encoding.UTF8.GetString(Install().Write());
        string[] bad =
        [
            text.Replace("\"serial\": 7", "\"serial\": 7, \"serial\": 8", StringComparison.Ordinal),
            text.Replace("\"serial\": 7", "\"serial\": 7, \"run\": \"rm\"", StringComparison.Ordinal),
            text.Replace("\"serial\": 7", "\"serial\": 7.5", StringComparison.Ordinal),
            text.Replace("\"percent\": 50", "\"percent\": 1e999", StringComparison.Ordinal),
            Nulled(b => b["files"]!.AsArray().Add(null)),
            Nulled(b => b["files"] = null),
            Nulled(b => b["name"] = null),
            Nulled(b => b["compatible"]!["boards"]!.AsArray().Add(null)),
            Nulled(b => b["compatible"]!["machines"] = null),
            Nulled(b => b["canary"] = null),
        ];
        Assert.All(
            bad,
            b =>
                Assert.Equal(
                    UpdateReason.BadManifest,
                    Assert.Throws<UpdateException>(() => Manifest.Read(Encoding.UTF8.GetBytes(b))).Reason
                )
        );

        string Nulled(Action<JsonNode> change)
        {
            var json = JsonNode.Parse(text)!;
            change(json["bundle"]!);
            return json.ToJsonString();
        }
    }

    [Fact]
    public void The_error_of_an_unsigned_message_holds_no_control_characters_and_is_short()
    {
        foreach (var text in new[] { "{\"\u007f\u009b2J\u2028\":1}", "{\"" + new string('x', 10_000) + "\":1}" })
        {
            var e = Assert.Throws<UpdateException>(() => Envelope.Read(Encoding.UTF8.GetBytes(text)));
            Assert.InRange(e.Message.Length, 10, 400);
            Assert.DoesNotContain(e.Message, c => char.IsControl(c) || c == '\u2028');
        }
    }

    [Fact]
    public void An_envelope_keeps_to_its_bounds()
    {
        string Reason(string text) => Assert.Throws<UpdateException>(() => Envelope.Read(Encoding.UTF8.GetBytes(text))).Reason;
        string[] bad =
        [
            "",
            "null",
            "{}",
            "[]",
            """{"v":1,"manifest":"e30=","signatures":[null]}""",
            """{"v":1,"manifest":null,"signatures":[]}""",
            """{"v":1,"manifest":"e30=","signatures":null}""",
            """{"v":2,"manifest":"e30=","signatures":[]}""",
            """{"v":1,"manifest":"not base64!","signatures":[]}""",
            """{"v":1,"v":1,"manifest":"e30=","signatures":[]}""",
            """{"v":1,"manifest":"e30=","signatures":[],"more":1}""",
            """{"v":1,"manifest":"e30=","signatures":[{"key":null,"alg":"a","sig":""}]}""",
            """{"v":1,"manifest":"e30=","signatures":["""
                + string.Join(',', Enumerable.Repeat("""{"key":"k","alg":"a","sig":""}""", UpdateLimits.MaxSignatures + 1))
                + "]}",
            """{"v":1,"manifest":"e30=","signatures":[]}""" + new string(' ', UpdateLimits.MaxEnvelopeBytes),
            new string('[', 10_000),
        ];
        Assert.All(bad, b => Assert.Equal(UpdateReason.BadEnvelope, Reason(b)));
    }
}
