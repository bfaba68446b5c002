using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeSeg.Platform;

namespace EdgeSeg.Updates;

/// <summary>How a state was found. <see cref="Unreadable"/> and <see cref="Newer"/> stop the updates, never the model that serves.</summary>
internal enum StateFound
{
    Fresh,
    Read,

    /// <summary>There are copies, and none is whole: rotated keys and version floors are unknown, so nothing new may be trusted.</summary>
    Unreadable,

    /// <summary>A later edgeseg wrote it: this one was put back, and leaves the state alone.</summary>
    Newer,
}

/// <summary>
/// The updates' state on disk: two copies, each a line with the SHA-256 of the rest and the JSON of an <see cref="UpdateState"/>. They are written in
/// turns, so that even a write that the disk itself tears leaves the one before it.
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

    /// <summary>Why updates rest, and what to do; null: they need not.</summary>
    public string? Problem =>
        Found switch
        {
            StateFound.Newer => $"a later edgeseg wrote the state of the model updates in {folder}: install that again",
            StateFound.Unreadable =>
                $"the state of the model updates is damaged, so what may be trusted is not known: when you trust the keys in update.keys_dir, remove {folder}/state-*.json (docs/ota.md)",
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

    /// <summary>On disk when it returns.</summary>
    /// <exception cref="IOException">It is not; the state is as before.</exception>
    public void Save(UpdateState state)
    {
        if (Problem is not null)
            throw new InvalidOperationException("this state must be left alone");
        state = state with { Schema = UpdateState.Known, Writes = State.Writes + 1 };
        var json = JsonSerializer.SerializeToUtf8Bytes(state, UpdateJson.Default.UpdateState);
        var line = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(json)) + "\n");
        AtomicFile.WriteFile(copies[state.Writes % 2], [.. line, .. json], "state");
        State = state;
    }

    private static byte[]? ReadCopy(string path)
    {
        try
        {
            var file = new FileInfo(path);
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
            // unknown members are a later schema's: read what tells so
            using var document = JsonDocument.Parse(text.AsMemory(digits + 1));
            var schema = document.RootElement.GetProperty("schema").GetInt32();
            if (schema > UpdateState.Known)
                return new UpdateState { Schema = schema, Writes = document.RootElement.GetProperty("writes").GetInt64() };
            return JsonSerializer.Deserialize(json, UpdateJson.Default.UpdateState);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
