using System.Diagnostics;
using System.Globalization;
using EdgeSeg.Capture;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Health;

/// <summary>Opens a camera as the service would and reads one picture.</summary>
internal static class CameraCheck
{
    /// <param name="options">The camera. A call that hangs is abandoned on its thread, which ends with the process.</param>
    public static Check Run(CameraOptions options)
    {
        var name = $"camera {options.Id}";
        Check? result = null;
        ICamera? camera = null;
        var since = Stopwatch.GetTimestamp();
        var thread = new Thread(() => result = Read(name, options, since, opened => camera = opened))
        {
            IsBackground = true,
            Name = "doctor-camera",
        };
        thread.Start();
        if (thread.Join(TimeSpan.FromSeconds(options.OpenTimeoutS)))
            return result!;
        camera?.Cancel();
        thread.Join(CaptureLimits.CameraCloseMs);
        var cause = result is { State: CheckState.Failed } failed ? $" ({failed.Finding})" : "";
        return Check.Failed(
            name,
            $"no picture within {options.OpenTimeoutS:0.#} s{cause}",
            $"{CameraRemedy.Action(options.Uri)}, or raise open_timeout_s"
        );
    }

    private static Check Read(string name, CameraOptions options, long since, Action<ICamera> opened)
    {
        try
        {
            using var camera = CameraSource.Create(options);
            opened(camera);
            var format = camera.Open();
            using var picture = new Mat();
            for (var tries = 0; tries < CaptureLimits.MaxDamagedInARow; tries++)
            {
                var outcome = camera.Grab();
                if (outcome == GrabOutcome.Failed)
                    return Check.Failed(name, camera.Reason, CameraRemedy.Action(options.Uri));
                if (outcome == GrabOutcome.End)
                    return Check.Failed(
                        name,
                        camera.EndFault ?? "the source ended before its first picture",
                        CameraRemedy.Action(options.Uri)
                    );
                if (camera.Retrieve(picture))
                    return Check.Ok(name, Describe(format, picture, Stopwatch.GetElapsedTime(since)));
            }

            return Check.Failed(
                name,
                camera.EndFault ?? $"its first {CaptureLimits.MaxDamagedInARow} pictures cannot be decoded",
                CameraRemedy.Action(options.Uri)
            );
        }
        catch (OperatingException e)
        {
            return Check.Failed(name, e.Message, "");
        }
        catch (Exception e)
        {
            return Check.Failed(name, $"opening it failed ({e.Message.ReplaceLineEndings(" ")})", CameraRemedy.Action(options.Uri));
        }
    }

    private static string Describe(CameraFormat format, Mat picture, TimeSpan elapsed) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{picture.Cols}x{picture.Rows} {format.Coding}{Rate(format)}, first picture after {elapsed.TotalMilliseconds:0} ms"
        );

    private static string Rate(CameraFormat format) =>
        format.Fps > 0 ? string.Create(CultureInfo.InvariantCulture, $" at {format.Fps:0.##} frames a second") : "";
}
