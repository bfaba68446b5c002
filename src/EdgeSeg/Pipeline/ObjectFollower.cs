using System.Diagnostics;
using System.Globalization;
using EdgeSeg.Capture;
using EdgeSeg.Messages;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Tracking;
using OpenCvSharp;

namespace EdgeSeg.Pipeline;

/// <summary>
/// The followed objects of all cameras: one pass of the model for each object and frame (a second one while it is uncertain), and a mask
/// message on the object's own topic. An object is followed until it is unfollowed, also while it is lost. Belongs to the inference thread.
/// </summary>
/// <param name="model">The model in use; objects outlive it.</param>
/// <param name="canceller">Watches the model's runs.</param>
/// <param name="publisher">Takes the masks.</param>
internal sealed class ObjectFollower(ActiveModel model, InferenceCanceller canceller, MaskPublisher publisher) : IDisposable
{
    private readonly Dictionary<CameraPipeline, CameraTracks> cameras = [];
    private readonly Segmentation result = new();
    private MaskRefiner? refiner;
    private long nextId = 1;

    /// <summary>The objects of one camera, and its last two frames in grey.</summary>
    private sealed class CameraTracks : IDisposable
    {
        public FramePair Frames { get; } = new();

        public List<Track> Tracks { get; } = new(PipelineLimits.FollowedObjects);

        public void Dispose()
        {
            foreach (var track in Tracks)
                track.Dispose();
            Tracks.Clear();
            Frames.Dispose();
        }
    }

    private sealed class Track(string id, string topic) : IDisposable
    {
        public string Id { get; } = id;

        public string Topic { get; } = topic;

        /// <summary>Null after the model was replaced: it starts again from its last mask.</summary>
        public TrackedObject? Object { get; set; }

        /// <summary>The frame that it was started on, which need not be the camera's last one; null once a frame followed.</summary>
        public FramePair? Start { get; set; }

        public long StartSequence { get; set; }

        /// <summary>Frames before the model was replaced.</summary>
        public int AgeBefore { get; set; }

        public BinaryMask LastMask { get; } = new();

        public void Dispose()
        {
            Object?.Dispose();
            Start?.Dispose();
        }
    }

    /// <summary>The answer to one object too many.</summary>
    public static CommandError Full =>
        new(CommandErrorCode.Busy, $"{PipelineLimits.FollowedObjects} objects of this camera are followed already: unfollow one first");

    /// <summary>No more objects are followed for this camera.</summary>
    public bool IsFull(CameraPipeline camera) =>
        cameras.TryGetValue(camera, out var of) && of.Tracks.Count >= PipelineLimits.FollowedObjects;

    /// <summary>Follows the object of a mask from now on. Returns its id and its topic.</summary>
    /// <param name="camera">Must not be full.</param>
    /// <param name="frame">Of which the mask is.</param>
    /// <param name="pixels">The frame, 8-bit BGR, possibly at another size.</param>
    /// <param name="mask">In the frame's pixels, not empty.</param>
    public (string Id, string Topic) Start(CameraPipeline camera, FrameInfo frame, Mat pixels, BinaryMask mask)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"t{nextId++}");
        var track = new Track(id, camera.Topics.Track(id)) { StartSequence = frame.Sequence, Start = new FramePair() };
        using var whole = new Mat();
        Cv2.Resize(pixels, whole, new Size(frame.Width, frame.Height));
        track.Start.Advance(whole);
        Begin(track, whole, mask);
        if (!cameras.TryGetValue(camera, out var of))
            cameras[camera] = of = new CameraTracks();
        of.Tracks.Add(track);
        camera.IsFollowing = true;
        camera.RequestNext();
        return (id, track.Topic);
    }

    /// <summary>Ends one object, or all of a camera when no id is given. Returns how many were ended.</summary>
    public int Unfollow(CameraPipeline camera, string? id)
    {
        if (!cameras.TryGetValue(camera, out var of))
            return 0;
        var ended = 0;
        for (var i = of.Tracks.Count - 1; i >= 0; i--)
        {
            if (id is not null && of.Tracks[i].Id != id)
                continue;
            of.Tracks[i].Dispose();
            of.Tracks.RemoveAt(i);
            ended++;
        }

        if (of.Tracks.Count == 0)
        {
            of.Dispose();
            cameras.Remove(camera);
            camera.IsFollowing = false;
            camera.RequestNext();
        }

        return ended;
    }

    /// <summary>Follows the camera's objects into a frame, and publishes a mask for each.</summary>
    public void Process(CameraPipeline camera, Picture picture, Frame frame)
    {
        if (!cameras.TryGetValue(camera, out var of))
            return;
        of.Frames.Advance(frame.Pixels);
        foreach (var track in of.Tracks)
        {
            // its first mask was the answer to the command
            if (track.StartSequence == frame.Sequence)
                continue;
            result.Times = picture.Times;
            var since = Stopwatch.GetTimestamp();
            Follow(track, of.Frames, frame);
            result.Times.Close(Stage.Decode, since);
            var info = new TrackInfo(track.Id, track.AgeBefore + track.Object!.Age, track.Object.State);
            publisher.Publish(camera, picture.Frame, result, model.Model.Info, trigger: frame.Trigger, track: info, topic: track.Topic);
        }
    }

    private void Follow(Track track, FramePair frames, Frame frame)
    {
        var pair = frames;
        if (track.Start is { } start)
        {
            start.Advance(frame.Pixels);
            pair = start;
        }

        if (track.Object is null || !pair.IsMatched)
            Restart(track, frame);
        else
            canceller.Run(mayYield: false, (track.Object, frame, pair), static x => x.Object.Next(x.frame.Pixels, x.pair));
        track.Start?.Dispose();
        track.Start = null;
        track.Object!.CopyTo(result);
        result.Prompt.Clear();
        if (result.Found)
            track.LastMask.CopyFrom(result.Mask);
    }

    /// <summary>After another model or another size of frame: the last mask is the object. Without one that fits it stays lost.</summary>
    private void Restart(Track track, Frame frame)
    {
        track.AgeBefore += track.Object?.Age ?? 0;
        var isUsable = track.LastMask.Width == frame.Width && track.LastMask.Height == frame.Height && track.LastMask.Area() > 0;
        if (isUsable)
            Begin(track, frame.Pixels, track.LastMask);
        else
        {
            track.Object?.Dispose();
            track.Object = new TrackedObject(Refiner);
            track.Object.Lose(frame.Width, frame.Height);
        }
    }

    private void Begin(Track track, Mat pixels, BinaryMask mask)
    {
        track.Object?.Dispose();
        track.Object = new TrackedObject(Refiner);
        track.Object.Start(pixels, mask);
        if (!ReferenceEquals(mask, track.LastMask))
            track.LastMask.CopyFrom(mask);
    }

    private MaskRefiner Refiner => refiner ??= new MaskRefiner(model.Segmenter);

    /// <summary>The model is about to be replaced: what depends on it is released.</summary>
    public void BeforeModelChange()
    {
        foreach (var track in cameras.Values.SelectMany(c => c.Tracks))
        {
            track.AgeBefore += track.Object?.Age ?? 0;
            track.Object?.Dispose();
            track.Object = null;
        }

        refiner?.Dispose();
        refiner = null;
    }

    public void Dispose()
    {
        foreach (var of in cameras.Values)
            of.Dispose();
        cameras.Clear();
        refiner?.Dispose();
    }
}
