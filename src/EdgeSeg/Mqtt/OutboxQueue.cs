namespace EdgeSeg.Mqtt;

/// <summary>A ring of waiting slots and a stack of free ones. There is one slot more than can wait, since one is being sent.</summary>
internal sealed class OutboxQueue
{
    private readonly OutboxSlot[] ring;
    private readonly Stack<OutboxSlot> free;
    private int head;

    public OutboxQueue(int capacity)
    {
        ring = new OutboxSlot[capacity];
        free = new Stack<OutboxSlot>(capacity + 1);
        for (var i = 0; i <= capacity; i++)
            free.Push(new OutboxSlot());
    }

    public int Count { get; private set; }

    /// <summary>Bytes of the waiting payloads.</summary>
    public long Bytes { get; private set; }

    public bool IsFull => Count == ring.Length;

    public OutboxSlot NextFree() => free.Pop();

    public void Free(OutboxSlot slot) => free.Push(slot);

    public void Add(OutboxSlot slot)
    {
        ring[(head + Count++) % ring.Length] = slot;
        Bytes += slot.Length;
    }

    public OutboxSlot TakeNewest() => Taken(ring[(head + --Count) % ring.Length]);

    public OutboxSlot TakeOldest()
    {
        var slot = ring[head];
        head = (head + 1) % ring.Length;
        Count--;
        return Taken(slot);
    }

    /// <summary>Back to the front of the queue; false when it is full.</summary>
    public bool TryPutBack(OutboxSlot slot)
    {
        if (IsFull)
            return false;
        head = (head + ring.Length - 1) % ring.Length;
        ring[head] = slot;
        Count++;
        Bytes += slot.Length;
        return true;
    }

    private OutboxSlot Taken(OutboxSlot slot)
    {
        Bytes -= slot.Length;
        return slot;
    }
}
