namespace EdgeSeg.Testing;

/// <summary>Managed bytes that this thread allocates.</summary>
internal static class Allocations
{
    private const int Rounds = 20;

    /// <summary>
    /// The least of several rounds of an action that was run before. What the action allocates is in every round; a collection that another
    /// thread causes, and the runtime's compiling of a method that has become hot, are counted for this thread too, but in a round or two.
    /// </summary>
    public static long Least(Action action)
    {
        var least = long.MaxValue;
        for (var round = 0; least > 0 && round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
