using System.Diagnostics;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Masks;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Tracking;
using OpenCvSharp;

namespace EdgeSeg.Evaluation;

/// <summary>Figures of one sequence.</summary>
/// <param name="Name">Of its folder.</param>
/// <param name="Frames">That were measured.</param>
/// <param name="J">Mean region similarity: IoU of the mask with the labelled one.</param>
/// <param name="Recall">Share of the frames with J above .5.</param>
/// <param name="Decay">Mean J of the first quarter less that of the last.</param>
/// <param name="Lost">Frames in which the object was lost.</param>
internal sealed record SequenceStats(string Name, int Frames, double J, double Recall, double Decay, int Lost);

/// <summary>
/// Follows the object of each sequence from its first mask on, and compares each later mask with the labelled one. As in the DAVIS
/// benchmark (Perazzi et al., 2016) the first and the last frame do not count, and all sequences count alike.
/// </summary>
internal sealed class VideoEvaluator(LoadedModel model) : IDisposable
{
    private readonly MaskRefiner refiner = new(model.Segmenter);
    private readonly PhotoReader reader = new();
    private readonly BinaryMask truth = new();

    public List<SequenceStats> Sequences { get; } = [];

    public double J => Sequences.Average(s => s.J);

    public double Recall => Sequences.Average(s => s.Recall);

    public double Decay => Sequences.Average(s => s.Decay);

    /// <summary>Milliseconds of each followed frame, reading the file left out.</summary>
    public List<double> FrameMs { get; } = [];

    /// <summary>Passes of the model for each followed frame.</summary>
    public double PassesPerFrame => FrameMs.Count == 0 ? 0 : (double)refiner.Passes / FrameMs.Count;

    /// <summary>Sequences left out, each with its reason.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>What was wrong with frames that could be read, a sentence each.</summary>
    public List<string> Warnings { get; } = [];

    public void Run(IReadOnlyList<VideoSequence> sequences, Action<int, int> progress, CancellationToken cancel)
    {
        int total = sequences.Sum(s => s.Frames.Count),
            done = 0;
        foreach (var sequence in sequences)
        {
            try
            {
                Sequences.Add(Follow(sequence, () => progress(++done, total), cancel));
            }
            catch (OperatingException e)
            {
                Failures.Add(e.Message);
            }
        }
    }

    private SequenceStats Follow(VideoSequence sequence, Action progress, CancellationToken cancel)
    {
        using var frames = new FramePair();
        using var tracked = new TrackedObject(refiner);
        var scores = new List<double>();
        var lost = 0;
        for (var i = 0; i < sequence.Frames.Count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            var frame = sequence.Frames[i];
            using var pixels = reader.Read(frame.Image);
            if (reader.Warning.Length > 0)
                Warnings.Add(reader.Warning);
            var started = Stopwatch.GetTimestamp();
            frames.Advance(pixels);
            if (i == 0)
            {
                ReadMask(frame.Mask!, pixels);
                if (truth.Area() == 0)
                    throw new OperatingException($"{frame.Mask}: is empty, so there is no object to follow from the first frame on");
                tracked.Start(pixels, truth);
            }
            else
            {
                if (!frames.IsMatched)
                    throw new OperatingException($"{frame.Image}: has {pixels.Cols}x{pixels.Rows} pixels, unlike the frame before it");
                tracked.Next(pixels, frames);
                FrameMs.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                if (tracked.State == TrackState.Lost)
                    lost++;
                if (frame.Mask is not null && i < sequence.Frames.Count - 1)
                {
                    ReadMask(frame.Mask, pixels);
                    scores.Add(RegionSimilarity(tracked.Mask));
                }
            }

            progress();
        }

        if (scores.Count == 0)
            throw new OperatingException($"{sequence.Name}: no frame between the first and the last has a mask");
        return new SequenceStats(
            sequence.Name,
            scores.Count,
            scores.Average(),
            scores.Count(j => j > 0.5) / (double)scores.Count,
            scores.Take(Quarter(scores.Count)).Average() - scores.TakeLast(Quarter(scores.Count)).Average(),
            lost
        );
    }

    private static int Quarter(int count) => Math.Max(1, (int)Math.Round(count / 4.0));

    /// <summary>IoU with the labelled mask; 1 when both are empty.</summary>
    private double RegionSimilarity(BinaryMask mask) => mask.Area() == 0 && truth.Area() == 0 ? 1 : BinaryMask.Iou(mask, truth);

    private void ReadMask(string path, Mat pixels) => MaskFile.Read(path, pixels.Cols, pixels.Rows, truth);

    public void Dispose() => refiner.Dispose();
}
