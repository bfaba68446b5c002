using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeSeg.Testing;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using Xunit;

namespace EdgeSeg.Release;

/// <summary>The operator's way on the shipped model, as published.</summary>
public sealed class PackTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    private string In(string name) => Path.Combine(scratch.Path, name);

    private static string Shipped => Path.Combine(Published.Folder, "models", "squeezesam");

    private static (int Code, string Output, string Errors) Run(params string[] arguments) =>
        Published.Run(Published.Binary, ["model", .. arguments]);

    private static string Ok(params string[] arguments)
    {
        var (code, output, errors) = Run(arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {errors}{output}");
        return output;
    }

    private static string Refused(int code, params string[] arguments)
    {
        var ran = Run(arguments);
        Assert.True(ran.Code == code, $"{string.Join(' ', arguments)} gave {ran.Code}: {ran.Errors}{ran.Output}");
        Assert.StartsWith("edgeseg: ", ran.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ran.Errors, StringComparison.Ordinal);
        return ran.Errors;
    }

    private void MakeKeys()
    {
        Directory.CreateDirectory(In("keys"));
        foreach (var name in new[] { "alice", "bob" })
        {
            Ok("keygen", "--out", In(name));
            File.Copy(In(name + ".pem"), In($"keys/{name}.pem"));
        }
    }

    private string Pack(string place, params string[] more)
    {
        Ok([
            "pack",
            Shipped,
            "--serial",
            "12",
            "--version",
            "7",
            "--url",
            "https://models.example.org/squeezesam-7",
            "--out",
            In(place),
            "--images",
            Path.Combine(Published.Folder, "demo", "chelsea.jpg"),
            .. more,
        ]);
        return In(place);
    }

    [Fact]
    public void The_shipped_model_is_packed_signed_by_two_and_verified()
    {
        MakeKeys();
        var place = Pack("r", "--percent", "50", "--board", "Raspberry Pi 5", "--machine", "linux-arm64", "--quality", "miou=0.77");
        var manifest = Manifest.Read(File.ReadAllBytes(Path.Combine(place, "manifest.json")));
        Assert.Equal(
            (7, "https://models.example.org/squeezesam-7/", 50d, "squeezesam-7"),
            (manifest.Bundle!.Version, manifest.Bundle.Url, manifest.Rollout!.Percent, manifest.Rollout.Salt)
        );
        Assert.Equal(0.77, manifest.Bundle.Quality["miou"]);
        Assert.InRange(manifest.Bundle.Quality["precision_agreement"], 0.97, 1);
        // what is served is a bundle again, of the version asked for, with nothing lost
        Assert.Equal(7, ModelBundle.Open(place).Manifest.Version);
        var (before, after) = (
            JsonNode.Parse(File.ReadAllBytes(Path.Combine(Shipped, "model.json")))!,
            JsonNode.Parse(File.ReadAllBytes(Path.Combine(place, "model.json")))!
        );
        before["version"] = 7;
        Assert.True(JsonNode.DeepEquals(before, after));

        Assert.Contains("not signed", Refused(1, "verify", place, "--keys", In("keys"), "--threshold", "2"), StringComparison.Ordinal);
        Ok("sign", place, "--key", In("alice.key"));
        Assert.Contains("(threshold)", Refused(1, "verify", place, "--keys", In("keys"), "--threshold", "2"), StringComparison.Ordinal);
        Ok("sign", place, "--key", In("bob.key"));
        Assert.Contains("5 intact", Ok("verify", place, "--keys", In("keys"), "--threshold", "2"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_canary_holds_the_masks_of_the_model()
    {
        var place = Pack("r");
        var cases = JsonSerializer
            .Deserialize(File.ReadAllBytes(Path.Combine(place, "canary.json")), UpdateJson.Default.CanaryCases)!
            .Cases;
        Assert.Equal([0, 1], cases.Select(c => c.Clicks.Count));
        foreach (var one in cases)
        {
            string[] prompt =
                one.Clicks.Count == 0 ? [] : ["--click", FormattableString.Invariant($"{one.Clicks[0][0]},{one.Clicks[0][1]}")];
            var (code, output, errors) = Published.Run(Published.Binary, ["segment", Path.Combine(place, one.Image), .. prompt]);
            Assert.True(code == 0, errors);
            using var json = JsonDocument.Parse(output);
            var (given, expected) = (new BinaryMask(), new BinaryMask());
            Assert.True(
                new RunLength().TryDecode(
                    json.RootElement.GetProperty("mask").GetProperty("counts").GetString()!,
                    one.Size[1],
                    one.Size[0],
                    given,
                    out var problem
                ),
                problem
            );
            Assert.True(new RunLength().TryDecode(one.Counts, one.Size[1], one.Size[0], expected, out problem), problem);
            // the processor of this machine may choose the other precision
            Assert.InRange(BinaryMask.Iou(given, expected), 0.97, 1);
            if (one.Clicks.Count > 0)
                Assert.True(expected[(int)one.Clicks[0][0], (int)one.Clicks[0][1]]);
        }
    }

    [Fact]
    public void What_was_changed_after_signing_is_named()
    {
        MakeKeys();
        var place = Pack("r");
        Ok("sign", place, "--key", In("alice.key"));
        var graph = Path.Combine(place, "squeezesam-256-int8.onnx");
        var bytes = File.ReadAllBytes(graph);
        bytes[^1] ^= 1;
        File.WriteAllBytes(graph, bytes);
        Assert.Contains("squeezesam-256-int8.onnx is altered", Refused(1, "verify", place, "--keys", In("keys")), StringComparison.Ordinal);
        File.Delete(graph);
        Assert.Contains("is not there", Refused(1, "verify", place, "--keys", In("keys")), StringComparison.Ordinal);
        var manifest = Path.Combine(place, "manifest.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"serial\": 12", "\"serial\": 13", StringComparison.Ordinal));
        Assert.Contains("(bad_signature)", Refused(1, "verify", place, "--keys", In("keys")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_bundle_is_issued_again_for_more_devices_and_must_be_signed_again()
    {
        MakeKeys();
        var place = Pack("r", "--percent", "50", "--salt", "first");
        Ok("sign", place, "--key", In("alice.key"));
        var before = Manifest.Read(File.ReadAllBytes(Path.Combine(place, "manifest.json")));
        Assert.Contains("greater than 12", Refused(2, "reissue", place, "--serial", "12"), StringComparison.Ordinal);
        Ok("reissue", place, "--serial", "13", "--percent", "80");
        var after = Manifest.Read(File.ReadAllBytes(Path.Combine(place, "manifest.json")));
        Assert.Equal((13, 80d, "first"), (after.Serial, after.Rollout!.Percent, after.Rollout.Salt));
        Assert.Equal(SlotStore.NameOf(before.Bundle!), SlotStore.NameOf(after.Bundle!));
        Assert.Contains("not signed", Refused(1, "verify", place, "--keys", In("keys")), StringComparison.Ordinal);
        // without an option the same devices take part; widening must be said
        Ok("reissue", place, "--serial", "14");
        Assert.Equal(after.Rollout, RolloutOf(place));
        Ok("reissue", place, "--serial", "15", "--devices", "robot-1,robot-2", "--tags", "dock");
        Assert.Equal(["robot-1", "robot-2"], RolloutOf(place)!.Devices);
        Assert.Equal(["dock"], RolloutOf(place)!.Tags);
        Assert.Contains("robot-1,robot-2", Ok("reissue", place, "--serial", "16"), StringComparison.Ordinal);
        Assert.Contains("one of", Refused(2, "reissue", place, "--serial", "17", "--all", "--percent", "5"), StringComparison.Ordinal);
        Ok("reissue", place, "--serial", "17", "--all");
        Assert.Null(RolloutOf(place));
    }

    private static Rollout? RolloutOf(string place) => Manifest.Read(File.ReadAllBytes(Path.Combine(place, "manifest.json"))).Rollout;

    [Fact]
    public void Pause_abort_and_new_keys_need_no_bundle()
    {
        MakeKeys();
        foreach (var action in new[] { "pause", "abort" })
        {
            Ok(action, "--serial", "13", "--out", In(action));
            Ok("sign", In(action), "--key", In("alice.key"));
            Assert.Contains(action, Ok("verify", In(action), "--keys", In("keys")), StringComparison.Ordinal);
            var again = Refused(2, action, "--serial", "14", "--out", In(action));
            Assert.Contains("holds a manifest already", again, StringComparison.Ordinal);
        }

        var revoked = new string('0', 32);
        Ok(
            "rotate",
            "--keys",
            In("keys"),
            "--number",
            "2",
            "--threshold",
            "2",
            "--revoke",
            revoked,
            "--serial",
            "14",
            "--out",
            In("rotation")
        );
        Ok("sign", In("rotation"), "--key", In("bob.key"));
        Assert.Contains("2 of the new keys", Refused(1, "verify", In("rotation"), "--keys", In("keys")), StringComparison.Ordinal);
        Ok("sign", In("rotation"), "--key", In("alice.key"));
        Assert.Contains(revoked, Ok("verify", In("rotation"), "--keys", In("keys")), StringComparison.Ordinal);
        Assert.Contains(
            "threshold",
            Refused(2, "rotate", "--keys", In("keys"), "--number", "2", "--threshold", "3", "--serial", "14", "--out", In("n")),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "id of a key",
            Refused(
                2,
                "rotate",
                "--keys",
                In("keys"),
                "--number",
                "2",
                "--threshold",
                "1",
                "--revoke",
                "bob",
                "--serial",
                "14",
                "--out",
                In("n")
            ),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(In("n")));
    }

    [Fact]
    public void Wrong_options_are_refused_with_a_remedy_and_leave_no_files()
    {
        string[] good = ["pack", Shipped, "--serial", "1", "--url", "https://e.org/", "--out", In("o")];
        string[] chelsea = ["--images", Path.Combine(Published.Folder, "demo", "chelsea.jpg")];
        Assert.Contains(
            "--url",
            Refused(2, ["pack", Shipped, "--serial", "1", "--url", "ftp://e.org/", "--out", In("o"), .. chelsea]),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--serial",
            Refused(2, ["pack", Shipped, "--serial", "0", "--url", "https://e.org/", "--out", In("o")]),
            StringComparison.Ordinal
        );
        Assert.Contains("past", Refused(2, [.. good, .. chelsea, "--expires", "2020-01-01"]), StringComparison.Ordinal);
        Assert.Contains("--expires", Refused(2, [.. good, "--expires", "tomorrow"]), StringComparison.Ordinal);
        Assert.Contains("--percent", Refused(2, [.. good, "--percent", "101"]), StringComparison.Ordinal);
        Assert.Contains(
            "no model.json",
            Refused(1, ["pack", scratch.Path, "--serial", "1", "--url", "https://e.org/", "--out", In("o"), .. chelsea]),
            StringComparison.Ordinal
        );
        Assert.Contains("does not exist", Refused(1, [.. good, "--images", In("no.jpg")]), StringComparison.Ordinal);
        Assert.Contains("--min-iou must be 0.5..1", Refused(2, [.. good, .. chelsea, "--min-iou", "0.3"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(In("o")));
        scratch.Write("full/x", [1]);
        Assert.Contains(
            "not an empty folder",
            Refused(2, ["pack", Shipped, "--serial", "1", "--url", "https://e.org/", "--out", In("full"), .. chelsea]),
            StringComparison.Ordinal
        );
        Assert.Contains("no manifest.json", Refused(2, "sign", In("full"), "--key", In("no.key")), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_verb_has_help_with_an_example()
    {
        foreach (
            var verb in new[]
            {
                "keygen",
                "pack",
                "sign",
                "verify",
                "publish",
                "status",
                "pause",
                "abort",
                "rotate",
                "reissue",
                "list",
                "gc",
            }
        )
            Assert.Contains($"Example: edgeseg model {verb}", Ok(verb, "--help"), StringComparison.Ordinal);
    }
}
