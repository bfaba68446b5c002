namespace EdgeSeg.Capture;

/// <summary>
/// Why a captured picture never reached inference, or its mask never the broker; wire names in <see cref="Drops.Names"/>.
/// </summary>
internal enum DropCause
{
    /// <summary>Inference was still at work, or a newer picture took its place in the queue.</summary>
    InferenceBusy,

    /// <summary>Every slot of the pool was out.</summary>
    NoSlot,

    /// <summary>The camera's mode wants fewer frames than come.</summary>
    Rate,

    /// <summary>The mode wants a frame only when told: a trigger, a command.</summary>
    NotAsked,

    /// <summary>The picture could not be decoded.</summary>
    Damaged,

    /// <summary>Inference threw or was cut.</summary>
    Failed,

    /// <summary>The mask, or an older one in its place, was pushed out before it was sent.</summary>
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
