// Segments one object of a photograph, and all of them, with the public API of EdgeSeg.Vision.
//
//   dotnet run --project samples/Segment -- MODEL PHOTO OUT [X Y]
//
// MODEL is a bundle (models/squeezesam), OUT a folder. Without X and Y, the most salient object is segmented.
// Written: OUT/mask.json (COCO run lengths), OUT/mask.png, OUT/overlay.png.

using System.Globalization;
using EdgeSeg.Vision;
using OpenCvSharp;

if (args.Length is not (3 or 5))
{
    Console.Error.WriteLine("usage: Segment MODEL PHOTO OUT [X Y]");
    return 2;
}

try
{
    using var model = SegmentationModel.Load(args[0]);
    Console.WriteLine($"{model.Name} version {model.Version}, {model.Precision} on {model.Provider}; weights: {model.WeightsLicence}");

    using var image = Cv2.ImRead(args[1]);
    using var session = model.CreateSession();
    session.SetImage(image);

    var prompt = args.Length == 5 ? Prompt.Click(Number(args[3]), Number(args[4])) : Prompt.Automatic;
    Mask mask = session.Predict(prompt);
    if (!mask.Found)
    {
        Console.WriteLine($"no object: {mask.Reason}");
        return 1;
    }

    var box = mask.Bounds;
    Console.WriteLine(
        FormattableString.Invariant($"object: score {mask.Score:0.00}, {mask.Area} pixels, {box.Width}x{box.Height} at {box.X},{box.Y}")
    );
    Console.WriteLine($"outline: {mask.ToPolygon().Rings.Sum(ring => ring.Vertices.Count)} vertices");

    Directory.CreateDirectory(args[2]);
    File.WriteAllText(Path.Combine(args[2], "mask.json"), mask.ToCocoRle());
    File.WriteAllBytes(Path.Combine(args[2], "mask.png"), mask.ToPng());
    using var overlay = mask.DrawOn(image);
    Cv2.ImWrite(Path.Combine(args[2], "overlay.png"), overlay);

    // a coarse grid: 8 x 8 clicks
    var all = session.AutomaticMasks(new() { PointsPerSide = 8 });
    Console.WriteLine($"automatic masks: {all.Count}");
    return 0;
}
catch (Exception e) when (e is VisionException or ArgumentException or FormatException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static float Number(string text) => float.Parse(text, CultureInfo.InvariantCulture);
