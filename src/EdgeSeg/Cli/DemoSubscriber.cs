using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using MQTTnet;
using MQTTnet.Formatter;

namespace EdgeSeg.Cli;

/// <summary>
/// A client as a user could write it: receives mask messages over a socket, prints a line for each, and draws the mask, decoded from the
/// message alone, onto the photograph.
/// </summary>
internal sealed class DemoSubscriber(string images, string outDir, TextWriter output) : IAsyncDisposable
{
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly Channel<byte[]> received = Channel.CreateBounded<byte[]>(CliLimits.DemoQueue);
    private readonly PhotoReader reader = new();
    private readonly RunLength runLength = new();
    private readonly Segmentation drawn = new();

    /// <summary>Mask messages that came.</summary>
    public int Messages { get; private set; }

    /// <summary>Those of them that held a mask.</summary>
    public int Masks { get; private set; }

    public async Task ConnectAsync(int port, Topics topics, CancellationToken cancel)
    {
        client.ApplicationMessageReceivedAsync += async e =>
            await received.Writer.WriteAsync(e.ApplicationMessage.Payload.ToArray(), cancel);
        await client.ConnectAsync(
            new MqttClientOptionsBuilder()
                .WithTcpServer("127.0.0.1", port)
                .WithClientId("demo-subscriber")
                .WithProtocolVersion(MqttProtocolVersion.V500)
                .Build(),
            cancel
        );
        foreach (var camera in topics.Cameras)
            await client.SubscribeAsync(camera.Mask, cancellationToken: cancel);
    }

    /// <summary>Handles messages until <paramref name="count"/> of them came, or time is over.</summary>
    public async Task WaitAsync(long count, CancellationToken cancel)
    {
        try
        {
            while (Messages < count)
                Handle(await received.Reader.ReadAsync(cancel));
        }
        catch (OperationCanceledException)
        {
            // the caller sees from the counts what is missing
        }
    }

    private void Handle(byte[] payload)
    {
        Messages++;
        using var json = JsonDocument.Parse(payload);
        var mask = json.RootElement;
        var photo = mask.GetProperty("source").GetString()!;
        Read(mask);
        if (drawn.Found)
            Masks++;
        output.WriteLine(Line(photo, mask));
        using var pixels = reader.Read(Path.Combine(images, photo));
        using var picture = Overlay.Draw(pixels, drawn.Found ? drawn.Mask : null, drawn.Prompt, drawn.Label);
        var file = Path.Combine(outDir, Path.GetFileNameWithoutExtension(photo) + "-overlay.png");
        try
        {
            Directory.CreateDirectory(outDir);
            File.WriteAllBytes(file, picture.ImEncode(".png"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{file}: cannot be written ({e.Message}): choose another folder with --out");
        }
    }

    private void Read(JsonElement message)
    {
        drawn.Prompt.Clear();
        foreach (var click in message.GetProperty("prompt").GetProperty("clicks").EnumerateArray())
            drawn.Prompt.Add(new Click(click[0].GetSingle(), click[1].GetSingle()));
        drawn.Score = message.GetProperty("score").GetSingle();
        drawn.Found = message.GetProperty("found").GetBoolean();
        drawn.Reason = message.GetProperty("reason").GetString() ?? "";
        if (!drawn.Found)
            return;
        var mask = message.GetProperty("mask");
        if (mask.ValueKind == JsonValueKind.Null)
            drawn.Mask.Reset(message.GetProperty("image")[0].GetInt32(), message.GetProperty("image")[1].GetInt32());
        else if (
            !runLength.TryDecode(
                mask.GetProperty("counts").GetString()!,
                mask.GetProperty("size")[1].GetInt32(),
                mask.GetProperty("size")[0].GetInt32(),
                drawn.Mask,
                out var problem
            )
        )
            throw new OperatingException($"a mask message cannot be decoded: {problem}");
    }

    private string Line(string photo, JsonElement mask)
    {
        var share =
            100.0
            * mask.GetProperty("area").GetInt64()
            / (mask.GetProperty("image")[0].GetInt64() * mask.GetProperty("image")[1].GetInt64());
        var clicks = string.Join(
            ' ',
            drawn.Prompt.Clicks.ToArray().Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.X:0},{c.Y:0}"))
        );
        var stages = string.Join(
            ' ',
            mask.GetProperty("ms")
                .EnumerateObject()
                .Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name} {s.Value.GetDouble():0.0}"))
        );
        return drawn.Found
            ? string.Format(
                CultureInfo.InvariantCulture,
                "{0,-16} score {1:0.00}  area {2:0.0} %  clicks {3}  ms: {4}",
                photo,
                drawn.Score,
                share,
                clicks,
                stages
            )
            : string.Format("{0,-16} nothing found ({1})  ms: {2}", photo, drawn.Reason, stages);
    }

    public async ValueTask DisposeAsync()
    {
        await BrokerSession.EndAsync(client);
        client.Dispose();
    }
}
