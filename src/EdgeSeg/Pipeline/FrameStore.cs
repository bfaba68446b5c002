using System.Diagnostics.CodeAnalysis;
using EdgeSeg.Capture;
using EdgeSeg.Messages;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The frames whose id left the device, at the model's input size, so that a command can be carried out on the very picture that the
/// operator saw: <see cref="PipelineLimits.FrameHeldMinMs"/> at least and <see cref="PipelineLimits.FrameRingBytes"/> in all
/// (docs/decisions/frame-store.md). All cameras share it. Memory is taken as it is needed and used again; holding a frame allocates nothing
/// once the ring is grown. Any thread.
/// </summary>
internal sealed class FrameStore
{
    private readonly Lock gate = new();
    private readonly string session;
    private readonly TimeProvider time;
    private readonly int frameBytes;
    private readonly Slot?[] slots;
    private readonly Stack<Slot> free = [];
    private int oldest,
        count;

    private sealed class Slot(int bytes)
    {
        public byte[] Pixels { get; } = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);

        public FrameInfo Info { get; } = new();

        public long HeldAt { get; set; }
    }

    /// <param name="session">Names this run: frames of an earlier one are gone.</param>
    /// <param name="frameBytes">Of a picture at the model's input size.</param>
    /// <param name="time">For ages.</param>
    /// <param name="maxBytes">Of all pixels together.</param>
    public FrameStore(string session, int frameBytes, TimeProvider time, int maxBytes = PipelineLimits.FrameRingBytes)
    {
        (this.session, this.frameBytes, this.time) = (session, frameBytes, time);
        slots = new Slot?[Math.Clamp(maxBytes / frameBytes, 1, PipelineLimits.FrameRingFrames)];
    }

    /// <summary>Most frames that fit.</summary>
    public int Capacity => slots.Length;

    public int Count
    {
        get
        {
            lock (gate)
                return count;
        }
    }

    /// <summary>Memory of pixels taken so far.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
                return (count + free.Count) * (long)frameBytes;
        }
    }

    /// <summary>Frames that had to go before they were <see cref="PipelineLimits.FrameHeldMinMs"/> old.</summary>
    public long LostEarly { get; private set; }

    /// <summary>Keeps a frame. Call before its id leaves; a second call for the same frame does nothing.</summary>
    /// <param name="frame">For its facts.</param>
    /// <param name="pixels">Its picture as the model takes it, of the size that the ring was made for.</param>
    public void Hold(Frame frame, ReadOnlySpan<byte> pixels)
    {
        if (pixels.Length != frameBytes)
            throw new ArgumentException($"{frameBytes} bytes expected, {pixels.Length} given", nameof(pixels));
        lock (gate)
        {
            if (Find(frame.Camera, frame.Sequence) is not null)
                return;
            // old frames leave first, so that a slow camera does not grow the ring to its full size
            while (count > 0 && AgeMs(slots[oldest]!) >= PipelineLimits.FrameHeldMs)
                DropOldest();
            if (count == slots.Length)
            {
                if (AgeMs(slots[oldest]!) < PipelineLimits.FrameHeldMinMs)
                    LostEarly++;
                DropOldest();
            }

            var slot = NextFree();
            slot.Info.Set(frame);
            slot.HeldAt = time.GetTimestamp();
            pixels.CopyTo(slot.Pixels);
        }
    }

    /// <summary>Copies a frame out, so that it may leave the ring meanwhile.</summary>
    /// <param name="frameId">As a command names it.</param>
    /// <param name="pixels">Gets the picture; of the size that the ring was made for.</param>
    /// <param name="facts">Gets what is known of it.</param>
    /// <param name="error">When false: <c>frame_gone</c>, and why.</param>
    public bool TryCopy(ReadOnlySpan<char> frameId, Span<byte> pixels, FrameInfo facts, [NotNullWhen(false)] out CommandError? error)
    {
        error = null;
        if (!FrameId.TryParse(frameId, out var of, out var camera, out var sequence) || !of.SequenceEqual(session))
        {
            error = new CommandError(CommandErrorCode.FrameGone, "the frame is of an earlier session: the device restarted since");
            return false;
        }

        lock (gate)
        {
            if (Find(camera, sequence) is not { } slot)
            {
                error = new CommandError(
                    CommandErrorCode.FrameGone,
                    "the frame is not kept any more, or was never published; "
                        + $"frames are kept for at least {PipelineLimits.FrameHeldMinMs / 1000} s"
                );
                return false;
            }

            slot.Pixels.CopyTo(pixels);
            facts.Set(slot.Info);
            return true;
        }
    }

    private Slot? Find(ReadOnlySpan<char> camera, long sequence)
    {
        // the newest are asked for most
        for (var i = count - 1; i >= 0; i--)
        {
            var slot = slots[(oldest + i) % slots.Length]!;
            if (slot.Info.Sequence == sequence && camera.SequenceEqual(slot.Info.Camera))
                return slot;
        }

        return null;
    }

    private double AgeMs(Slot slot) => time.GetElapsedTime(slot.HeldAt).TotalMilliseconds;

    private void DropOldest()
    {
        free.Push(slots[oldest]!);
        slots[oldest] = null;
        oldest = (oldest + 1) % slots.Length;
        count--;
    }

    private Slot NextFree()
    {
        if (!free.TryPop(out var slot))
            slot = new Slot(frameBytes);
        slots[(oldest + count++) % slots.Length] = slot;
        return slot;
    }
}
