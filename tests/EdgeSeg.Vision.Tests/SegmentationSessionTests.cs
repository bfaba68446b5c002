using EdgeSeg.Testing;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Vision;

public sealed class SegmentationSessionTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void A_click_gives_the_mask_in_the_pixels_of_the_picture()
    {
        using var model = LeftHalf();
        using var session = model.CreateSession();
        using var image = new Mat(60, 80, MatType.CV_8UC3, Scalar.All(90));
        session.SetImage(image);
        var mask = session.Predict(Prompt.Click(20, 30));
        Assert.True(mask.Found);
        Assert.Equal("", mask.Reason);
        Assert.Equal((80, 60), (mask.Width, mask.Height));
        Assert.Equal(new Rect(0, 0, 40, 60), mask.Bounds);
        Assert.Equal(40 * 60, mask.Area);
        Assert.Equal(new Point2d(20, 30), mask.Centroid);
        Assert.True(mask[39, 30], "pixel 39,30 is in the left half");
        Assert.False(mask[40, 30], "pixel 40,30 is in the right half");
        Assert.Equal(0.9f, mask.Score);
        Assert.Equal(0.9f, mask.PredictedIou);
        Assert.Null(mask.Saliency);
        Assert.Equal(new Prompts.Click(20, 30), Assert.Single(mask.Prompt.Points));
    }

    [Fact]
    public void The_automatic_prompt_finds_the_salient_half_and_names_its_clicks()
    {
        using var model = LeftHalf();
        using var session = model.CreateSession();
        using var image = new Mat(60, 80, MatType.CV_8UC3, Scalar.All(90));
        session.SetImage(image);
        var mask = session.Predict(Prompt.Automatic);
        Assert.Equal(new Rect(0, 0, 40, 60), mask.Bounds);
        Assert.Equal(5, mask.Prompt.Points.Count);
        Assert.NotNull(mask.Saliency);
        Assert.Equal(0.9f * mask.Saliency.Value, mask.Score, 1e-6f);
    }

    [Fact]
    public void Nothing_salient_is_a_mask_without_pixels_and_a_reason()
    {
        using var model = Load(logit: 3, saliency: -3);
        using var session = model.CreateSession();
        using var image = new Mat(60, 80, MatType.CV_8UC3, Scalar.All(90));
        session.SetImage(image);
        var mask = session.Predict(Prompt.Automatic);
        Assert.False(mask.Found);
        Assert.Equal("nothing_salient", mask.Reason);
        Assert.Equal(0, mask.Area);
        Assert.Equal((80, 60), (mask.Width, mask.Height));
    }

    [Fact]
    public void Values_that_are_not_numbers_are_an_error_that_names_the_model()
    {
        using var model = Load(logit: float.NaN, saliency: 3);
        using var session = model.CreateSession();
        using var image = new Mat(60, 80, MatType.CV_8UC3, Scalar.All(90));
        session.SetImage(image);
        Assert.Contains(
            "model test gave values that are not numbers",
            Assert.Throws<VisionException>(() => session.Predict(Prompt.Click(1, 1))).Message
        );
    }

    [Fact]
    public void Grey_and_bgra_pictures_give_what_their_bgr_form_gives()
    {
        using var model = SegmentationModel.Load(Repository.PathOf("models/squeezesam"));
        using var session = model.CreateSession();
        using var bgr = Cv2.ImRead(Repository.PathOf("deploy/demo/camera.jpg"));
        using var grey = new Mat();
        Cv2.CvtColor(bgr, grey, ColorConversionCodes.BGR2GRAY);
        using var greyAsBgr = new Mat();
        Cv2.CvtColor(grey, greyAsBgr, ColorConversionCodes.GRAY2BGR);
        using var bgra = new Mat();
        Cv2.CvtColor(bgr, bgra, ColorConversionCodes.BGR2BGRA);
        Assert.Equal(Rle(session, greyAsBgr), Rle(session, grey));
        Assert.Equal(Rle(session, bgr), Rle(session, bgra));
    }

    [Fact]
    public void With_zoom_the_picture_may_be_disposed_before_the_prompt()
    {
        using var model = LeftHalf(zoom: true);
        using var session = model.CreateSession();
        using (var image = new Mat(100, 200, MatType.CV_8UC3, Scalar.All(90)))
            session.SetImage(image);
        var mask = session.Predict(Prompt.Box(60, 40, 140, 80));
        // the box enlarged 1.5 times is 40..160 x 30..90
        Assert.True(mask.IsZoomed);
        Assert.Equal(new Rect(40, 30, 60, 60), mask.Bounds);
        Assert.False(model.AcceptsNegativeClicks);
        Assert.Contains(
            "label 0",
            Assert.Throws<ArgumentException>(() => session.Predict(Prompt.Click(60, 60).WithNegativeClick(9, 9))).Message
        );
    }

    [Fact]
    public void Pictures_of_other_types_and_sizes_are_refused_with_the_remedy()
    {
        using var model = LeftHalf();
        using var session = model.CreateSession();
        using var empty = new Mat();
        using var deep = new Mat(60, 80, MatType.CV_16UC3, Scalar.All(0));
        using var floats = new Mat(60, 80, MatType.CV_32FC3, Scalar.All(0));
        using var two = new Mat(60, 80, MatType.CV_8UC2, Scalar.All(0));
        using var small = new Mat(15, 80, MatType.CV_8UC3, Scalar.All(0));
        Assert.Contains("the picture is empty", Refused(session, empty));
        Assert.Contains("Mat.ConvertTo", Refused(session, deep));
        Assert.Contains("Mat.ConvertTo", Refused(session, floats));
        Assert.Contains("Cv2.CvtColor", Refused(session, two));
        Assert.Contains("80x15 pixels: both sides need at least 16", Refused(session, small));
        Assert.Throws<ArgumentNullException>(() => session.SetImage(null!));
    }

    [Fact]
    public void Prompts_that_do_not_fit_are_refused()
    {
        using var model = LeftHalf();
        using var session = model.CreateSession();
        Assert.Contains("call SetImage first", Assert.Throws<InvalidOperationException>(() => session.Predict(Prompt.Click(1, 1))).Message);
        using var image = new Mat(60, 80, MatType.CV_8UC3, Scalar.All(90));
        session.SetImage(image);
        Assert.Contains(
            "click 81,1 is outside the picture of 80x60",
            Assert.Throws<ArgumentException>(() => session.Predict(Prompt.Click(81, 1))).Message
        );
        Assert.Contains("has no area", Assert.Throws<ArgumentException>(() => session.Predict(Prompt.Box(10, 10, 10, 20))).Message);
        Assert.Contains("outside", Assert.Throws<ArgumentException>(() => session.Predict(Prompt.Click(float.NaN, 1))).Message);
        var seven = Prompt.Clicks((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7));
        Assert.Contains("7 clicks are more than the model takes", Assert.Throws<ArgumentException>(() => session.Predict(seven)).Message);
        Assert.Throws<ArgumentException>(() => Prompt.Clicks());
        // the session is still usable
        Assert.True(session.Predict(Prompt.Box(5, 5, 30, 30).WithClick(10, 10)).Found, "a box and a click");
    }

    [Fact]
    public void A_refused_picture_leaves_no_older_one_behind()
    {
        using var model = LeftHalf();
        using var session = model.CreateSession();
        using var image = new Mat(60, 80, MatType.CV_8UC3, Scalar.All(90));
        using var small = new Mat(4, 4, MatType.CV_8UC3, Scalar.All(0));
        session.SetImage(image);
        Assert.Throws<ArgumentException>(() => session.SetImage(small));
        Assert.Throws<InvalidOperationException>(() => session.Predict(Prompt.Click(1, 1)));
    }

    [Fact]
    public void Automatic_masks_are_those_of_the_generator()
    {
        using var model = LeftHalf();
        using var session = model.CreateSession();
        using var image = new Mat(60, 80, MatType.CV_8UC3, Scalar.All(90));
        session.SetImage(image);
        var mask = Assert.Single(session.AutomaticMasks(new() { PointsPerSide = 4 }));
        Assert.Equal(new Rect(0, 0, 40, 60), mask.Bounds);
        Assert.InRange(mask.Stability, 0.9f, 1);
        Assert.Empty(session.AutomaticMasks(new() { PointsPerSide = 2, PredictedIouThreshold = 0.95f }));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.AutomaticMasks(new() { PointsPerSide = 0 }));
        Assert.Throws<ArgumentException>(() => session.AutomaticMasks(new() { NmsThreshold = float.NaN }));
        Assert.Throws<OperationCanceledException>(() => session.AutomaticMasks(cancel: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Two_sessions_of_one_model_keep_their_pictures_apart_on_two_threads()
    {
        using var model = SegmentationModel.Load(Repository.PathOf("models/squeezesam"), new() { Threads = 1 });
        string[] photos = [Repository.PathOf("deploy/demo/chelsea.jpg"), Repository.PathOf("deploy/demo/coffee.jpg")];
        var alone = photos.Select(p => string.Join('\n', Ask(model, p, 1))).ToArray();
        var together = new string[photos.Length];
        Parallel.For(0, photos.Length, i => together[i] = string.Join('\n', Ask(model, photos[i], 4).Distinct()));
        Assert.Equal(alone, together);
    }

    [Fact]
    public void A_disposed_model_ends_its_sessions_and_leaves_its_masks()
    {
        var model = LeftHalf();
        var session = model.CreateSession();
        using var image = new Mat(60, 80, MatType.CV_8UC3, Scalar.All(90));
        session.SetImage(image);
        var mask = session.Predict(Prompt.Click(20, 30));
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Predict(Prompt.Click(20, 30)));
        Assert.Throws<ObjectDisposedException>(() => session.SetImage(image));
        Assert.Throws<ObjectDisposedException>(model.CreateSession);
        session.Dispose();
        Assert.Equal(40 * 60, mask.Area);
        Assert.StartsWith("""{"size":[60,80],"counts":""", mask.ToCocoRle());
    }

    [Fact]
    public void A_model_describes_itself()
    {
        using var model = SegmentationModel.Load(
            Repository.PathOf("models/squeezesam"),
            new() { Precision = ModelPrecision.Fp32, Providers = ["cpu"] }
        );
        Assert.Equal("squeezesam", model.Name);
        Assert.Equal(ModelPrecision.Fp32, model.Precision);
        Assert.Equal("cpu", model.Provider);
        Assert.Equal(6, model.MaxPoints);
        Assert.True(model.HasAutomaticPrompt, "SqueezeSAM has a saliency map");
        Assert.StartsWith("Apache-2.0", model.WeightsLicence);
    }

    [Fact]
    public void A_folder_or_an_option_that_cannot_be_used_is_refused()
    {
        Assert.Throws<ArgumentException>(() => SegmentationModel.Load(""));
        Assert.Contains(
            "is not a folder",
            Assert.ThrowsAny<VisionException>(() => SegmentationModel.Load(Path.Combine(scratch.Path, "none"))).Message
        );
        var folder = Repository.PathOf("models/squeezesam");
        Assert.Throws<ArgumentOutOfRangeException>(() => SegmentationModel.Load(folder, new() { Threads = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SegmentationModel.Load(folder, new() { Precision = (ModelPrecision)9 }));
        Assert.Contains(
            "'warp'",
            Assert.ThrowsAny<VisionException>(() => SegmentationModel.Load(folder, new() { Providers = ["warp"] })).Message
        );
    }

    private static IEnumerable<string> Ask(SegmentationModel model, string photo, int times)
    {
        using var session = model.CreateSession();
        using var image = Cv2.ImRead(photo);
        session.SetImage(image);
        for (var i = 0; i < times; i++)
            yield return session.Predict(Prompt.Click(image.Cols / 2f, image.Rows / 2f)).ToCocoRle();
    }

    private static string Rle(SegmentationSession session, Mat image)
    {
        session.SetImage(image);
        return session.Predict(Prompt.Click(250, 200)).ToCocoRle();
    }

    private static string Refused(SegmentationSession session, Mat image) =>
        Assert.Throws<ArgumentException>(() => session.SetImage(image)).Message;

    /// <summary>Its mask is the left half of whatever it sees.</summary>
    private SegmentationModel LeftHalf(bool zoom = false)
    {
        float[] left = [.. Enumerable.Range(0, 64).Select(i => i % 8 < 4 ? 3f : -3f)];
        return SegmentationModel.Load(
            OnnxGraph.Bundle(OnnxGraph.SqueezeSam(32, 32, left, [0.9f], left, 8, 8).ToBytes(), Path.Combine(scratch.Path, "bundle")),
            new() { Zoom = zoom }
        );
    }

    private SegmentationModel Load(float logit, float saliency)
    {
        var (masks, map) = (new float[64], new float[64]);
        masks.AsSpan().Fill(logit);
        map.AsSpan().Fill(saliency);
        return SegmentationModel.Load(
            OnnxGraph.Bundle(OnnxGraph.SqueezeSam(32, 32, masks, [0.9f], map, 8, 8).ToBytes(), Path.Combine(scratch.Path, "bundle"))
        );
    }
}
