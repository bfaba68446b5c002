using EdgeSeg.Vision.Prompts;
using OpenCvSharp;

namespace EdgeSeg.Vision.Masks;

/// <summary>
/// Draws an answer on its frame: the mask tinted and outlined, the clicks numbered, the box of the prompt, and a label.
/// Lines and letters grow with the picture. Not on the frame path: it allocates.
/// </summary>
internal static class Overlay
{
    // blue, green, red
    private static readonly Scalar tint = new(255, 160, 40),
        click = new(60, 220, 255),
        negative = new(70, 70, 240),
        dark = new(24, 20, 16),
        light = new(255, 255, 255);

    private const double TintShare = 0.36;

    /// <summary>Shorter side, in pixels, at which lines are 2 px wide.</summary>
    private const double DesignSide = 480;

    /// <summary>A new picture, 8-bit BGR, of the frame's size; the caller disposes it.</summary>
    /// <param name="frame">CV_8UC3; stays as it is.</param>
    /// <param name="mask">Of the frame's size; null: none is drawn.</param>
    /// <param name="prompt">Its clicks are numbered from 1; those off the object are red.</param>
    /// <param name="label">One line in the upper left corner.</param>
    public static Mat Draw(Mat frame, BinaryMask? mask, PromptBuffer prompt, string label)
    {
        if (frame.Type() != MatType.CV_8UC3)
            throw new ArgumentException($"an overlay is drawn on 8UC3, not {frame.Type()}");
        if (mask is not null && (mask.Width != frame.Cols || mask.Height != frame.Rows))
            throw new ArgumentException($"the mask is {mask.Width}x{mask.Height}, the frame {frame.Cols}x{frame.Rows}");
        var picture = frame.Clone();
        var scale = Math.Max(0.5, Math.Min(frame.Cols, frame.Rows) / DesignSide);
        if (mask is not null)
            DrawMask(picture, mask, scale);
        if (prompt.Box is { } box)
            DrawBox(picture, box, scale);
        for (var i = 0; i < prompt.ClickCount; i++)
            DrawClick(picture, prompt.Clicks[i], i + 1, scale);
        DrawLabel(picture, label, scale);
        return picture;
    }

    private static int Width(double px, double scale) => Math.Max(1, (int)Math.Round(px * scale));

    private static void DrawMask(Mat picture, BinaryMask mask, double scale)
    {
        using var set = new Mat();
        MaskMat.ToMat(mask, set);
        using var colour = new Mat(picture.Size(), MatType.CV_8UC3, tint);
        using var tinted = new Mat();
        Cv2.AddWeighted(picture, 1 - TintShare, colour, TintShare, 0, tinted);
        tinted.CopyTo(picture, set);
        Cv2.FindContours(set, out var outlines, out _, RetrievalModes.CComp, ContourApproximationModes.ApproxNone);
        // a dark line under the bright one: visible on any background
        var width = Math.Max(2, Width(2, scale));
        Cv2.DrawContours(picture, outlines, -1, dark, width + Width(2, scale), LineTypes.AntiAlias);
        Cv2.DrawContours(picture, outlines, -1, light, width, LineTypes.AntiAlias);
    }

    private static void DrawBox(Mat picture, Box box, double scale)
    {
        var from = new Point((int)box.X0, (int)box.Y0);
        var to = new Point((int)MathF.Ceiling(box.X1) - 1, (int)MathF.Ceiling(box.Y1) - 1);
        Cv2.Rectangle(picture, from, to, dark, Width(4, scale), LineTypes.AntiAlias);
        Cv2.Rectangle(picture, from, to, click, Width(2, scale), LineTypes.AntiAlias);
    }

    private static void DrawClick(Mat picture, Click at, int number, double scale)
    {
        var centre = new Point((int)at.X, (int)at.Y);
        Cv2.Circle(picture, centre, Width(10, scale), dark, -1, LineTypes.AntiAlias);
        Cv2.Circle(picture, centre, Width(9, scale), at.IsNegative ? negative : click, -1, LineTypes.AntiAlias);
        var text = number.ToString();
        var size = Cv2.GetTextSize(text, HersheyFonts.HersheySimplex, 0.45 * scale, Width(1.4, scale), out _);
        Cv2.PutText(
            picture,
            text,
            new Point(centre.X - size.Width / 2, centre.Y + size.Height / 2),
            HersheyFonts.HersheySimplex,
            0.45 * scale,
            dark,
            Width(1.4, scale),
            LineTypes.AntiAlias
        );
    }

    private static void DrawLabel(Mat picture, string text, double scale)
    {
        var thickness = Width(1.3, scale);
        var size = Cv2.GetTextSize(text, HersheyFonts.HersheySimplex, 0.6 * scale, thickness, out var below);
        // narrow pictures: the letters shrink to fit
        var pad = Width(8, scale);
        var fit = Math.Min(1, (picture.Cols - 2.0 * pad) / size.Width);
        var (width, height) = ((int)(size.Width * fit), (int)(size.Height * fit));
        Cv2.Rectangle(picture, new Rect(0, 0, width + 2 * pad, height + below + 2 * pad), dark, -1);
        Cv2.PutText(
            picture,
            text,
            new Point(pad, pad + height),
            HersheyFonts.HersheySimplex,
            0.6 * scale * fit,
            light,
            fit < 1 ? 1 : thickness,
            LineTypes.AntiAlias
        );
    }
}
