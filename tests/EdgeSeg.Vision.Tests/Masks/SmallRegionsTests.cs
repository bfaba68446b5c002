using Xunit;

namespace EdgeSeg.Vision.Masks;

public class SmallRegionsTests
{
    [Fact]
    public void Small_islands_are_removed_and_small_holes_are_filled()
    {
        string[] rows = ["########....", "###.####..#.", "########....", "########..##", "..........##"];
        Assert.Equal(["########....", "########....", "########....", "########..##", "..........##"], Cleaned(rows, 3));
    }

    [Fact]
    public void The_largest_island_stays_however_small_it_is() =>
        Assert.Equal(["##..", "....", "...."], Cleaned(["##..", "....", "...#"], 3));

    [Fact]
    public void Regions_touch_at_corners() => Assert.Equal(["#...", ".#..", "..#."], Cleaned(["#...", ".#..", "..#."], 3));

    [Fact]
    public void Below_one_cell_nothing_is_changed() => Assert.Equal(["#...", "...#", "...."], Cleaned(["#...", "...#", "...."], 1));

    private static string[] Cleaned(string[] rows, double minCells)
    {
        int w = rows[0].Length,
            h = rows.Length;
        using var regions = new SmallRegions(w, h);
        float[] logits = [.. rows.SelectMany(r => r.Select(c => c == '#' ? 2f : -1f))];
        regions.Remove(logits, minCells);
        return [.. Enumerable.Range(0, h).Select(y => new string([.. logits.Skip(y * w).Take(w).Select(v => v > 0 ? '#' : '.')]))];
    }
}
