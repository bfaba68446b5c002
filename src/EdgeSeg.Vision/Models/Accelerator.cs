namespace EdgeSeg.Vision.Models;

/// <summary>The name of the machine's GPU, read from files: an engine built on one GPU does not run on another.</summary>
internal static class Accelerator
{
    private const int MaxNameLength = 64;

    /// <summary>Letters, digits and -; <c>none</c> without an NVIDIA driver.</summary>
    public static string Name { get; } = Read();

    private static string Read()
    {
        try
        {
            // a card: the driver lists it; a Jetson: the board's own name
            const string cards = "/proc/driver/nvidia/gpus",
                board = "/proc/device-tree/model";
            var card = Directory.Exists(cards)
                ? Directory.EnumerateFiles(cards, "information", SearchOption.AllDirectories).Order(StringComparer.Ordinal).FirstOrDefault()
                : null;
            var line =
                card is not null
                    ? File.ReadLines(card).FirstOrDefault(l => l.StartsWith("Model:", StringComparison.Ordinal))?["Model:".Length..]
                : File.Exists(board) ? File.ReadAllText(board)
                : null;
            var name = new string([
                .. (line ?? "").Trim().Where(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '-').Select(c => c == ' ' ? '-' : c),
            ]);
            return name.Length == 0 ? "none" : name[..Math.Min(name.Length, MaxNameLength)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "none";
        }
    }
}
