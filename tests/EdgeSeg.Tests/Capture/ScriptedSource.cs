using System.Collections.Concurrent;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// What the cameras of one test do next: each <see cref="ICamera.Grab"/> takes one step and waits while there is none. Outlives reopening.
/// </summary>
internal sealed class ScriptedSource : IDisposable
{
    private readonly BlockingCollection<Func<ScriptedCamera, GrabOutcome>> steps = [];
    private readonly CancellationTokenSource over = new();
    private int opens,
        alive,
        retrieves,
        cancels,
        hanging;
    private volatile bool waiting;

    public CameraFormat Format { get; set; } = new(64, 48, 30, "scripted", "arrival", true, true);

    public volatile bool Unplugged;

    public int Opens => Volatile.Read(ref opens);

    /// <summary>Cameras that were made and not disposed.</summary>
    public int Alive => Volatile.Read(ref alive);

    public int Retrieves => Volatile.Read(ref retrieves);

    /// <summary>A camera waits in a grab for the next step, so that time moved now is time that the call takes.</summary>
    public bool IsWaiting => waiting && steps.Count == 0;

    /// <summary>Calls that hang now.</summary>
    public int Hanging => Volatile.Read(ref hanging);

    public int Cancels => Volatile.Read(ref cancels);

    public ICamera Create()
    {
        Interlocked.Increment(ref alive);
        return new ScriptedCamera(this);
    }

    /// <summary>A picture whose pixels all have this value.</summary>
    public void Picture(int value) =>
        steps.Add(camera =>
        {
            camera.Value = value;
            return GrabOutcome.Ok;
        });

    public void Fail(string reason) =>
        steps.Add(camera =>
        {
            camera.Reason = reason;
            return GrabOutcome.Failed;
        });

    public void End() => steps.Add(static _ => GrabOutcome.End);

    public void Throw() => steps.Add(static _ => throw new InvalidOperationException("scripted"));

    /// <summary>The call does not come back, also when cancelled, until released.</summary>
    public void Hang(ManualResetEventSlim release) =>
        steps.Add(camera =>
        {
            Interlocked.Increment(ref hanging);
            release.Wait();
            Interlocked.Decrement(ref hanging);
            camera.Reason = "came back";
            return GrabOutcome.Failed;
        });

    public void Dispose() => over.Cancel();

    internal sealed class ScriptedCamera(ScriptedSource source) : ICamera
    {
        public int Value { get; set; }

        public double PositionMs => 0;

        public string Reason { get; set; } = "";

        public CameraFormat Open()
        {
            if (source.Unplugged)
                throw new OperatingException("unplugged");
            Interlocked.Increment(ref source.opens);
            return source.Format;
        }

        public GrabOutcome Grab()
        {
            try
            {
                source.waiting = true;
                var step = source.steps.Take(source.over.Token);
                source.waiting = false;
                return step(this);
            }
            catch (OperationCanceledException)
            {
                return GrabOutcome.End;
            }
        }

        public bool Retrieve(Mat picture)
        {
            Interlocked.Increment(ref source.retrieves);
            if (Value < 0)
                return false;
            picture.Create(source.Format.Height, source.Format.Width, MatType.CV_8UC3);
            picture.SetTo(Scalar.All(Value));
            return true;
        }

        public void Cancel() => Interlocked.Increment(ref source.cancels);

        public void Dispose() => Interlocked.Decrement(ref source.alive);
    }
}
