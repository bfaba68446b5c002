using System.Runtime.Versioning;
using EdgeSeg.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace EdgeSeg.Sampling;

public sealed class SampleStoreTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Folder => SampleStore.FolderOf(scratch.Path);

    private SampleStore Store()
    {
        var store = new SampleStore(Folder);
        store.Prepare();
        return store;
    }

    private static KeptSample Sample(long number, string camera = "front-left", SampleMask? mask = null) =>
        new()
        {
            Number = number,
            Reason = SampleReason.Vanished,
            Camera = camera,
            Frame = $"0a1b-{camera}-{number}",
            CapturedUtc = new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero),
            Width = 640,
            Height = 480,
            Score = 0.25,
            Agreement = null,
            Mask = mask,
            Model = "squeezesam 7",
            Day = (new DateTimeOffset(2026, 11, 29, 0, 0, 0, TimeSpan.Zero), 12),
        };

    [Fact]
    public void A_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one()
    {
        using var own = new Scratch();
        Assert.Equal(0, new SampleStore(Path.Combine(own.Path, "none")).Purge());
        // a link to itself leads nowhere, whatever the rights of the user
        var folder = Path.Combine(own.Path, "samples");
        File.CreateSymbolicLink(folder, folder);
        Assert.Throws<IOException>(() => new SampleStore(folder).Purge());
        Assert.Throws<IOException>(() => new SampleStore(folder).Measure());
    }

    [Fact]
    public void A_frame_is_read_back_as_it_was_written()
    {
        var mask = new SampleMask(12, [1, 2, 3, 4], "0123");
        var written = Sample(7, mask: mask) with { Agreement = 0.5, Reason = SampleReason.Correction };
        var store = Store();
        Assert.True(store.TryAdd(written, [1, 2, 3], 1 << 20));
        var (read, picture) = Assert.Single(store.List(out var damaged));
        Assert.Empty(damaged);
        Assert.Equal(written with { Mask = null }, read with { Mask = null });
        Assert.Equal((mask.Area, mask.Counts), (read.Mask!.Area, read.Mask.Counts));
        Assert.Equal(mask.Box, read.Mask.Box);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(picture));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public void Folder_and_files_are_for_the_service_s_user_alone()
    {
        Directory.CreateDirectory(Folder);
        File.SetUnixFileMode(Folder, (UnixFileMode)0x1FF);
        Store().TryAdd(Sample(1), [1], 1 << 20);
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        Assert.Equal(2, Directory.GetFiles(Folder).Length);
        Assert.All(Directory.GetFiles(Folder), file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(file)));
    }

    [Fact]
    public void The_oldest_frames_go_for_new_ones_and_the_bound_is_never_exceeded()
    {
        var store = Store();
        const long bound = 20_000;
        for (var number = 1; number <= 12; number++)
        {
            Assert.True(store.TryAdd(Sample(number), new byte[4_000], bound));
            Assert.InRange(store.Measure().Bytes, 4_000, bound);
        }

        Assert.Equal([9, 10, 11, 12], store.List(out _).Select(s => s.Sample.Number));
        Assert.Equal(12, store.Measure().LastNumber);
        Assert.False(store.TryAdd(Sample(13), new byte[20_000], bound), "a frame larger than all of the room");
        Assert.Equal(4, store.Measure().Count);
    }

    [Fact]
    public void What_an_interrupted_write_left_is_removed_at_the_start()
    {
        Store().TryAdd(Sample(1), [1], 1 << 20);
        foreach (var name in new[] { "000000000002-front.jpg", "000000000003-front.jpg.tmp", "000000000003-front.json.tmp" })
            File.WriteAllText(Path.Combine(Folder, name), "cut");
        var store = Store();
        Assert.Equal([1], store.List(out var damaged).Select(s => s.Sample.Number));
        Assert.Empty(damaged);
        Assert.Equal(2, Directory.GetFiles(Folder).Length);
    }

    [Fact]
    public void A_damaged_description_is_named_and_the_others_are_read()
    {
        var store = Store();
        store.TryAdd(Sample(1), [1], 1 << 20);
        store.TryAdd(Sample(2), [1], 1 << 20);
        var file = Directory.GetFiles(Folder, "*1-front-left.json").Single();
        File.WriteAllText(file, """{"number":1,"reason":"boredom"}""");
        Assert.Equal([2], store.List(out var damaged).Select(s => s.Sample.Number));
        Assert.Equal([file], damaged);
        var whole = File.ReadAllText(Directory.GetFiles(Folder, "*2-front-left.json").Single());
        var image = whole[whole.IndexOf("\"image\":[", StringComparison.Ordinal)..];
        File.WriteAllText(file, whole.Replace(image[..(image.IndexOf(']') + 1)], "\"image\":[]", StringComparison.Ordinal));
        Assert.Equal([2], store.List(out damaged).Select(s => s.Sample.Number));
        Assert.Equal([file], damaged);
    }

    [Fact]
    public void The_next_frame_of_a_camera_is_found_by_number()
    {
        var store = Store();
        store.TryAdd(Sample(1, "front"), [1], 1 << 20);
        store.TryAdd(Sample(2, "rear"), [2], 1 << 20);
        store.TryAdd(Sample(3, "front"), [3], 1 << 20);
        Assert.Equal(1, store.Next("front", 0)!.Value.Sample.Number);
        Assert.Equal([3], store.Next("front", 1)!.Value.Jpeg);
        Assert.Null(store.Next("front", 3));
        Assert.Equal(3, store.Purge());
        Assert.Null(store.Next("front", 0));
    }

    [Fact]
    public void A_purge_keeps_the_greatest_number_and_nothing_else()
    {
        var store = Store();
        for (var round = 1; round <= 2; round++)
        {
            for (var number = 3 * round; number < 3 * round + 3; number++)
                store.TryAdd(Sample(number), [1], 1 << 20);
            Assert.Equal(3, store.Purge());
            Assert.Equal(0, store.Purge());
            Assert.Equal(new SampleTotals(0, 0, 3 * round + 2), Store().Measure());
            Assert.Equal(0, new FileInfo(Assert.Single(Directory.GetFiles(Folder))).Length);
        }

        // where the number cannot be kept, the description that has it stays
        store.TryAdd(Sample(9), [1], 1 << 20);
        Directory.CreateDirectory(Path.Combine(Folder, "000000000009-.purged"));
        Assert.Throws<UnauthorizedAccessException>(() => store.Purge());
        Assert.Equal(9, Store().Measure().LastNumber);
        Assert.Empty(Directory.GetFiles(Folder, "*.jpg"));
    }

    [Fact]
    public void A_day_s_limit_holds_over_restarts_and_jumps_of_the_clock()
    {
        var time = new WallClock();
        var budget = new SampleBudget(3, time);
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => budget.TryTake()));
        // a jump of the wall clock gives nothing
        time.Jump = TimeSpan.FromDays(400);
        Assert.False(budget.TryTake());
        time.Jump = TimeSpan.FromDays(-400);
        Assert.False(budget.TryTake());
        time.Jump = TimeSpan.Zero;
        time.Advance(TimeSpan.FromHours(6));
        var (begin, count) = budget.Now;
        Assert.Equal((new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero), 3), (begin, count));
        var restarted = new SampleBudget(3, time);
        restarted.Resume(begin, count);
        Assert.False(restarted.TryTake());
        // the clock of a board without a battery begins in the past
        var unset = new SampleBudget(3, time);
        unset.Resume(time.GetUtcNow() + TimeSpan.FromDays(3), count);
        Assert.False(unset.TryTake());
        time.Advance(TimeSpan.FromHours(18));
        Assert.True(restarted.TryTake());
        var old = new SampleBudget(3, time);
        old.Resume(time.GetUtcNow() - TimeSpan.FromHours(25), 3);
        Assert.True(old.TryTake());
    }

    /// <summary>A clock whose wall time jumps while its monotonic time goes on.</summary>
    private sealed class WallClock() : FakeTimeProvider(new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero))
    {
        public TimeSpan Jump { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Jump;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }
}
