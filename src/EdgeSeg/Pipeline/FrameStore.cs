using System.Diagnostics.CodeAnalysis;
using EdgeSeg.Capture;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Images;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The frames whose id left the device, so that a command can be carried out on the very picture that the operator saw
/// (docs/decisions/frame-store.md). Their pixels lie in blocks of the size of the model's input: a frame takes at least one, and as many as
/// its own resolution needs while there is memory for all frames of <see cref="PipelineLimits.FrameHeldMinMs"/>. So resolution is lost
/// before frames are. All cameras share it. Blocks are allocated as they are needed and used again. Any thread may read the counts; frames
/// are held and copied by one thread.
/// </summary>
internal sealed class FrameStore : IDisposable
{
    /// <summary>No frame takes more than this part of the memory, so that one camera's pause does not fill it.</summary>
    private const int MaxShare = 8;

    private readonly Lock gate = new();
    private readonly string session;
    private readonly TimeProvider time;
    private readonly int blockBytes;
    private readonly int maxBlocks;
    private readonly Queue<Slot> held = [];
    private readonly Stack<Slot> freeSlots = [];
    private readonly Stack<byte[]> freeBlocks = [];
    private readonly FrameResizer resizer = new();
    private readonly Mat reduced = new();
    private int blocks;
    private long lastHeldAt;
    private double intervalMs = double.NaN;

    private sealed class Slot
    {
        public List<byte[]> Blocks { get; } = [];

        public FrameInfo Info { get; } = new();

        public long HeldAt { get; set; }

        public int Width { get; set; }

        public int Height { get; set; }
    }

    /// <param name="session">Names this run: frames of an earlier one are gone.</param>
    /// <param name="blockBytes">Of a picture at the model's input size.</param>
    /// <param name="time">For ages.</param>
    /// <param name="maxBytes">Of all pixels together; one block at least.</param>
    public FrameStore(string session, int blockBytes, TimeProvider time, long maxBytes)
    {
        (this.session, this.blockBytes, this.time) = (session, blockBytes, time);
        maxBlocks = (int)Math.Clamp(maxBytes / blockBytes, 1, int.MaxValue);
    }

    /// <summary>False: every frame is held at the model's input size, for a model that looks at no crops.</summary>
    public bool IsFullResolution { get; set; } = true;

    /// <summary>Most bytes of pixels that it takes.</summary>
    public long Capacity => (long)maxBlocks * blockBytes;

    public int Count
    {
        get
        {
            lock (gate)
                return held.Count;
        }
    }

    /// <summary>Memory of pixels allocated so far.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
                return (long)blocks * blockBytes;
        }
    }

    /// <summary>Frames that had to go before they were <see cref="PipelineLimits.FrameHeldMinMs"/> old.</summary>
    public long LostEarly { get; private set; }

    /// <summary>Keeps a frame. Call before its id leaves; a second call for the same frame does nothing.</summary>
    /// <param name="frame">Its pixels are read during the call.</param>
    /// <param name="modelPixels">The same picture at the model's input size.</param>
    public void Hold(Frame frame, Mat modelPixels)
    {
        if (modelPixels.Total() * modelPixels.ElemSize() != blockBytes)
            throw new ArgumentException($"{blockBytes} bytes are needed at the model's input size", nameof(modelPixels));
        lock (gate)
        {
            if (Find(frame.Camera, frame.Sequence) is not null)
                return;
            MeasureInterval();
            // old frames go first, so that a slow camera does not use all of the memory
            while (held.Count > 0 && AgeMs(held.Peek()) >= PipelineLimits.FrameHeldMs)
                DropOldest();
            var pixels = Reduce(frame.Pixels, MakeRoom(BlocksFor(frame.Pixels)), modelPixels);
            var slot = freeSlots.TryPop(out var used) ? used : new Slot();
            slot.Info.Set(frame);
            (slot.HeldAt, slot.Width, slot.Height) = (time.GetTimestamp(), pixels.Cols, pixels.Rows);
            Write(slot, pixels);
            held.Enqueue(slot);
        }
    }

    /// <summary>Copies a frame out, so that it may be dropped here meanwhile.</summary>
    /// <param name="frameId">As a command names it.</param>
    /// <param name="picture">Gets the pixels and the frame info.</param>
    /// <param name="refusal">When false: <c>frame_gone</c>, and why.</param>
    public bool TryCopy(ReadOnlySpan<char> frameId, Picture picture, [NotNullWhen(false)] out CommandError? refusal)
    {
        refusal = null;
        if (!FrameId.TryParse(frameId, out var of, out var camera, out var sequence) || !of.SequenceEqual(session))
        {
            refusal = new CommandError(CommandErrorCode.FrameGone, "the frame is of an earlier session: the device restarted since");
            return false;
        }

        lock (gate)
        {
            if (Find(camera, sequence) is not { } slot)
            {
                refusal = new CommandError(
                    CommandErrorCode.FrameGone,
                    "the frame is not held any more, or was never published; "
                        + $"frames are held for at least {PipelineLimits.FrameHeldMinMs / 1000} s"
                );
                return false;
            }

            picture.Frame.Set(slot.Info);
            Read(slot, picture.Reserve(slot.Width, slot.Height));
            return true;
        }
    }

    /// <summary>The mean time between frames of all cameras, the last ones weighing most.</summary>
    private void MeasureInterval()
    {
        var now = time.GetTimestamp();
        if (lastHeldAt != 0)
        {
            var since = time.GetElapsedTime(lastHeldAt, now).TotalMilliseconds;
            intervalMs = double.IsNaN(intervalMs) ? since : intervalMs + (since - intervalMs) / 8;
        }

        lastHeldAt = now;
    }

    /// <summary>Blocks that a frame may take: all frames of the time for which frames are held must fit.</summary>
    private int BlocksFor(Mat pixels)
    {
        if (!IsFullResolution)
            return 1;
        var frames = double.IsNaN(intervalMs) ? MaxShare : PipelineLimits.FrameHeldMinMs / Math.Max(intervalMs, 1) + 1;
        var allowed = (int)Math.Clamp(maxBlocks / Math.Max(frames, MaxShare), 1, maxBlocks);
        return (int)Math.Min(allowed, (pixels.Total() * 3 + blockBytes - 1) / blockBytes);
    }

    /// <summary>Drops what is old enough, then takes fewer blocks, then drops what is not: the number of blocks that are free.</summary>
    private int MakeRoom(int wanted)
    {
        while (Free < wanted && held.Count > 0 && AgeMs(held.Peek()) >= PipelineLimits.FrameHeldMinMs)
            DropOldest();
        if (held.Count == PipelineLimits.FrameRingFrames || Free == 0)
        {
            if (AgeMs(held.Peek()) < PipelineLimits.FrameHeldMinMs)
                LostEarly++;
            DropOldest();
        }

        return Math.Min(wanted, Free);
    }

    private int Free => maxBlocks - blocks + freeBlocks.Count;

    /// <summary>The frame's pixels, or a smaller copy that fits so many blocks.</summary>
    private Mat Reduce(Mat pixels, int blocksFree, Mat modelPixels)
    {
        var room = (long)blocksFree * blockBytes;
        var bytes = (long)pixels.Cols * pixels.Rows * 3;
        if (IsFullResolution && bytes <= room)
            return pixels;
        if (blocksFree == 1)
            return modelPixels;
        var scale = Math.Sqrt((double)room / bytes);
        int width = Math.Max(1, (int)(pixels.Cols * scale)),
            height = Math.Max(1, (int)(pixels.Rows * scale));
        if (reduced.Cols != width || reduced.Rows != height)
            reduced.Create(height, width, MatType.CV_8UC3);
        resizer.Fill(pixels, reduced);
        return reduced;
    }

    private unsafe void Write(Slot slot, Mat pixels)
    {
        var (rows, bytes) = (pixels.Rows, pixels.Cols * 3);
        var left = (long)bytes * rows;
        Span<byte> room = default;
        for (var y = 0; y < rows; y++)
        {
            var row = new ReadOnlySpan<byte>((void*)pixels.Ptr(y), bytes);
            while (!row.IsEmpty)
            {
                if (room.IsEmpty)
                {
                    slot.Blocks.Add(TakeBlock());
                    room = slot.Blocks[^1].AsSpan(0, (int)Math.Min(left, blockBytes));
                    left -= room.Length;
                }

                var part = Math.Min(row.Length, room.Length);
                row[..part].CopyTo(room);
                row = row[part..];
                room = room[part..];
            }
        }
    }

    private void Read(Slot slot, Span<byte> to)
    {
        foreach (var block in slot.Blocks)
        {
            var part = Math.Min(to.Length, blockBytes);
            block.AsSpan(0, part).CopyTo(to);
            to = to[part..];
        }
    }

    private byte[] TakeBlock()
    {
        if (freeBlocks.TryPop(out var block))
            return block;
        blocks++;
        return GC.AllocateUninitializedArray<byte>(blockBytes, pinned: true);
    }

    private Slot? Find(ReadOnlySpan<char> camera, long sequence)
    {
        foreach (var slot in held)
        {
            if (slot.Info.Sequence == sequence && camera.SequenceEqual(slot.Info.Camera))
                return slot;
        }

        return null;
    }

    private double AgeMs(Slot slot) => time.GetElapsedTime(slot.HeldAt).TotalMilliseconds;

    private void DropOldest()
    {
        var slot = held.Dequeue();
        foreach (var block in slot.Blocks)
            freeBlocks.Push(block);
        slot.Blocks.Clear();
        freeSlots.Push(slot);
    }

    public void Dispose() => reduced.Dispose();
}
