using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Updates;

/// <summary>How a state was found. <see cref="Unreadable"/> and <see cref="Newer"/> stop the updates; the model in use goes on.</summary>
internal enum StateFound
{
    Fresh,
    Read,

    /// <summary>
    /// There are copies and none is intact: the key set and the version floors are unknown, so nothing new may be trusted.
    /// </summary>
    Unreadable,

    /// <summary>A later edgeseg wrote it. This program leaves it unchanged.</summary>
    Newer,
}

/// <summary>
/// The state of the updates on disk: two copies, each a line with the SHA-256 of the rest, then the JSON of an <see cref="UpdateState"/>.
/// They are written in turn, so that a write which a power cut tears leaves the copy before it.
/// </summary>
internal sealed class StateFile
{
    private readonly string folder;
    private readonly string[] copies;

    private StateFile(string folder)
    {
        this.folder = folder;
        copies = [Path.Combine(folder, "state-a.json"), Path.Combine(folder, "state-b.json")];
    }

    public UpdateState State { get; private set; } = new();

    public StateFound Found { get; private set; }

    /// <summary>Why the updates are stopped, and the remedy; null: they are not.</summary>
    public string? Problem =>
        Found switch
        {
            StateFound.Newer => $"a later edgeseg wrote the state of the model updates in {folder}: install that version again",
            StateFound.Unreadable => "the state of the model updates is damaged, so it is not known what may be trusted: "
                + "if you trust the keys in update.keys_dir, "
                + $"remove {folder}/state-*.json (docs/ota.md)",
            _ => null,
        };

    public static StateFile Open(string folder)
    {
        var file = new StateFile(folder);
        var texts = file.copies.Select(ReadCopy).ToArray();
        var states = texts.Select(Parse).ToArray();
        var newest = states.MaxBy(s => s?.Writes ?? -1);
        if (newest is null)
        {
            file.Found = texts.All(t => t is null) ? StateFound.Fresh : StateFound.Unreadable;
            return file;
        }

        file.State = newest;
        file.Found = newest.Schema > UpdateState.Known ? StateFound.Newer : StateFound.Read;
        return file;
    }

    /// <summary>Writes a state, into a folder that is created when missing. It is on disk when this returns.</summary>
    /// <exception cref="IOException">It is not on disk; the state is as before. Likewise <see
    /// cref="UnauthorizedAccessException"/>.</exception>
    public void Save(UpdateState state)
    {
        if (Problem is not null)
            throw new InvalidOperationException("a state with a problem must not be written");
        state = state with { Schema = UpdateState.Known, Writes = State.Writes + 1 };
        var json = JsonSerializer.SerializeToUtf8Bytes(state, UpdateJson.Default.UpdateState);
        var line = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(json)) + "\n");
        if (!Directory.Exists(folder))
            Directory.CreateDirectory(folder);
        AtomicFile.WriteFile(copies[state.Writes % 2], [.. line, .. json], "state");
        State = state;
    }

    private static byte[]? ReadCopy(string path)
    {
        try
        {
            var file = FinalFile.Of(path);
            if (!file.Exists)
                return null;
            return file.Length > UpdateLimits.MaxUpdateStateBytes ? [] : File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static UpdateState? Parse(byte[]? text)
    {
        const int digits = 64;
        if (text is null || text.Length <= digits + 1)
            return null;
        var json = text.AsSpan(digits + 1);
        if (Encoding.ASCII.GetString(text, 0, digits) != Convert.ToHexStringLower(SHA256.HashData(json)))
            return null;
        try
        {
            // a later schema may have members that are unknown here: read only what identifies it
            using var document = JsonDocument.Parse(text.AsMemory(digits + 1));
            var root = document.RootElement;
            var schema = root.GetProperty("schema").GetInt32();
            return schema > UpdateState.Known
                ? new UpdateState { Schema = schema, Writes = root.GetProperty("writes").GetInt64() }
                : Migrated(JsonSerializer.Deserialize(json, UpdateJson.Default.UpdateState));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Schema 1 named one key set and no manifest that was taken.</summary>
    private static UpdateState? Migrated(UpdateState? state) =>
        state is not { Schema: 1 }
            ? state
            : state with
            {
                KeyChain = state.KeysId is { } keys ? [keys] : [],
                TakenId = state.SerialId == state.KeysId ? null : state.SerialId,
            };
}
