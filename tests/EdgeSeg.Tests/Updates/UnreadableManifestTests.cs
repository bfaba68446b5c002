using System.Text;
using System.Text.Json.Nodes;
using EdgeSeg.Messages;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Models;
using Xunit;
using static EdgeSeg.Release.ReleaseSamples;

namespace EdgeSeg.Updates;

/// <summary>What a user, a journal and a topic are told of JSON that does not fit: fields, never the program's types.</summary>
public sealed class UnreadableManifestTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("bundle", "extra", "1", "the field bundle.extra is unknown")]
    [InlineData("", "serial", "\"x\"", "the field serial has the wrong type, or a value out of range")]
    [InlineData("", "serial", "99999999999999999999", "the field serial has the wrong type, or a value out of range")]
    [InlineData("", "type", "null", "the field type may not be null")]
    [InlineData("", "serial", null, "it lacks 'serial'")]
    [InlineData("bundle", "name", null, "the field bundle lacks 'name'")]
    public void A_field_that_does_not_fit_is_named(string of, string field, string? value, string expected)
    {
        var manifest = JsonNode.Parse(Install().Write())!.AsObject();
        var part = of.Length == 0 ? manifest : manifest[of]!.AsObject();
        if (value is null)
            Assert.True(part.Remove(field), field);
        else
            part[field] = JsonNode.Parse(value);
        var e = Assert.Throws<UpdateException>(() => Manifest.Read(Encoding.UTF8.GetBytes(manifest.ToJsonString())));
        Assert.Equal($"the manifest cannot be read: {expected}", e.Message);
    }

    [Theory]
    [InlineData("""{"v":1,"manifest":"","signatures":null}""", "the field signatures may not be null")]
    [InlineData("""{"v":1,"v":1,"manifest":"","signatures":[]}""", "the field v is given more than once")]
    [InlineData("""{"v":1,"manifest":"!","signatures":[]}""", "the field manifest has the wrong type, or a value out of range")]
    [InlineData("""{"v":1,"zzz":1}""", "the field zzz is unknown")]
    [InlineData("""{"v":1,""", "it is not JSON from line 1, byte 7 on")]
    [InlineData("null", "it is null")]
    [InlineData("[]", "it has the wrong type, or a value out of range")]
    public void An_envelope_likewise(string text, string expected)
    {
        var e = Assert.Throws<UpdateException>(() => Envelope.Read(Encoding.UTF8.GetBytes(text)));
        Assert.EndsWith(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("EdgeSeg.", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"v":1,"name":"x"}""", "lacks ")]
    [InlineData("""{"v":"one"}""", "the field v has the wrong type")]
    public void A_bundle_likewise(string text, string expected)
    {
        System.IO.File.WriteAllText(Path.Combine(scratch.Path, ModelBundle.ManifestName), text);
        var e = Assert.ThrowsAny<Exception>(() => ModelBundle.Open(scratch.Path));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("EdgeSeg.", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".NET", e.Message, StringComparison.Ordinal);
    }
}
