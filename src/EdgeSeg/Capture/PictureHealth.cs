using OpenCvSharp;

namespace EdgeSeg.Capture;

internal enum PictureFault
{
    None,
    Frozen,
    Black,
}

/// <summary>
/// Sees from a grid of samples whether pictures stay the same or are black for longer than the options allow. A real sensor's noise changes
/// every picture; one that does not change comes from a stuck driver, decoder or encoder. It outlives reopening: the same picture again is
/// the same fault.
/// </summary>
internal sealed class PictureHealth(double freezeS, int blackLevel, double blackS)
{
    private const int Grid = 48;

    private ulong lastHash;
    private long sameSinceNs = -1,
        blackSinceNs = -1;

    /// <summary>Mean brightness of the last picture's samples, 0..255.</summary>
    public int Brightness { get; private set; }

    /// <summary>Looks at an 8-bit BGR picture taken at the given monotonic time.</summary>
    public PictureFault Look(Mat picture, long nowNs)
    {
        var hash = Sample(picture);
        if (hash != lastHash || sameSinceNs < 0)
            (lastHash, sameSinceNs) = (hash, nowNs);
        if (blackLevel == 0 || Brightness >= blackLevel)
            blackSinceNs = -1;
        else if (blackSinceNs < 0)
            blackSinceNs = nowNs;
        // a covered lens may give the very same zeros: black is the truer word
        if (blackSinceNs >= 0 && nowNs - blackSinceNs >= blackS * 1e9)
            return PictureFault.Black;
        return freezeS > 0 && blackSinceNs < 0 && nowNs - sameSinceNs >= freezeS * 1e9 ? PictureFault.Frozen : PictureFault.None;
    }

    /// <summary>FNV-1a over 48 x 48 pixels at the cells' centres, and their mean brightness.</summary>
    private unsafe ulong Sample(Mat picture)
    {
        int width = picture.Cols,
            height = picture.Rows;
        var start = picture.DataPointer;
        var step = picture.Step();
        var hash = 14695981039346656037UL;
        long sum = 0;
        for (var gy = 0; gy < Grid; gy++)
        {
            var row = start + step * ((2 * gy + 1) * height / (2 * Grid));
            for (var gx = 0; gx < Grid; gx++)
            {
                var pixel = row + 3 * ((2 * gx + 1) * width / (2 * Grid));
                hash = (hash ^ (uint)(pixel[0] | pixel[1] << 8 | pixel[2] << 16)) * 1099511628211UL;
                sum += pixel[0] + 2 * pixel[1] + pixel[2];
            }
        }

        Brightness = (int)(sum / (4 * Grid * Grid));
        return hash;
    }
}
