using Xunit;

namespace EdgeSeg.Vision.Images;

public sealed class NaturalOrderTests
{
    [Fact]
    public void Runs_of_digits_count_as_numbers()
    {
        string[] ordered = ["a", "a1", "a01", "a2", "a2b", "a2b1", "a10", "a010b", "a12345678901234567890123", "b0", "c"];
        string[] mixed = [.. ordered.Reverse()];
        Array.Sort(mixed, NaturalOrder.Instance);
        // names that differ by leading zeros alone are ordered by their codes
        Assert.Equal(
            [
                .. ordered.Select(n =>
                    n is "a1" ? "a01"
                    : n is "a01" ? "a1"
                    : n
                ),
            ],
            mixed
        );
    }
}
