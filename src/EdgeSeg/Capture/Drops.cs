namespace EdgeSeg.Capture;

/// <summary>
/// Why a captured picture did not reach inference, or its mask the broker; wire names in <see cref="Drops.Names"/>.
/// </summary>
internal enum DropCause
{
    /// <summary>Inference was busy, or a newer picture replaced it in the queue.</summary>
    InferenceBusy,

    /// <summary>Every slot of the pool was in use.</summary>
    NoSlot,

    /// <summary>The camera's mode needs fewer frames than arrive.</summary>
    Rate,

    /// <summary>The mode needs a frame only for a trigger or a command.</summary>
    NotAsked,

    /// <summary>The picture could not be decoded.</summary>
    Damaged,

    /// <summary>Inference failed or was cancelled.</summary>
    Failed,

    /// <summary>The mask, or an older one in its place, was displaced before it was sent.</summary>
    PublishQueue,
}

/// <summary>Counts of dropped pictures by cause. Any thread.</summary>
internal sealed class Drops
{
    private static readonly string[] names = [.. Enum.GetValues<DropCause>().Select(ToWire)];

    private readonly long[] counts = new long[names.Length];

    /// <summary>The words of <see cref="DropCause"/> in messages, in the order of the enum.</summary>
    public static ReadOnlySpan<string> Names => names;

    public static string ToWire(DropCause cause) =>
        cause switch
        {
            DropCause.InferenceBusy => "inference_busy",
            DropCause.NoSlot => "no_slot",
            DropCause.Rate => "rate",
            DropCause.NotAsked => "not_asked",
            DropCause.Damaged => "damaged",
            DropCause.Failed => "failed",
            DropCause.PublishQueue => "publish_queue",
            _ => throw new ArgumentOutOfRangeException(nameof(cause)),
        };

    public long this[DropCause cause] => Volatile.Read(ref counts[(int)cause]);

    public long Total
    {
        get
        {
            var total = 0L;
            for (var i = 0; i < counts.Length; i++)
                total += Volatile.Read(ref counts[i]);
            return total;
        }
    }

    public void Count(DropCause cause, long number = 1) => Interlocked.Add(ref counts[(int)cause], number);
}
