using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;

namespace EdgeSeg.Capture;

/// <summary>
/// The photographs of a folder (not of folders inside it), in the order of their names' bytes. What <see cref="PhotoReader"/> refuses is
/// left out, counted, and named once. They are read while grabbing, since only then is it known whether there is a picture.
/// </summary>
internal sealed class ImageFolderCamera(string folder, double fps, bool loop) : ICamera
{
    private readonly PhotoReader reader = new();
    private readonly HashSet<string> named = new(StringComparer.Ordinal);
    private string[] files = [];
    private Mat? picture;
    private int next;

    public long Skipped { get; private set; }

    public string SkippedReason { get; private set; } = "";

    public string EndRemark => Skipped > 0 ? $"the folder's photographs were replayed; {Skipped} of them could not be read" : "";

    /// <summary>File of the picture that was grabbed last.</summary>
    public string Current { get; private set; } = "";

    public double PositionMs => 0;

    public string? PictureName => Path.GetFileName(Current);

    public string Reason { get; private set; } = "";

    public CameraFormat Open()
    {
        if (!Directory.Exists(folder))
            throw new OperatingException($"folder '{folder}' does not exist; check the camera's path");
        try
        {
            files =
            [
                .. Directory
                    .EnumerateFiles(folder)
                    .Where(PictureHeader.HasExtension)
                    .Take(CaptureLimits.MaxFolderPictures)
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"folder '{folder}' could not be read ({e.Message}); give this user the right to read it");
        }

        if (files.Length == 0)
            throw new OperatingException(
                $"folder '{folder}' holds no photograph ({string.Join(' ', PictureHeader.Extensions)}); put some into it"
            );
        return new CameraFormat(0, 0, fps, "photographs", "arrival", fps > 0, false, fps);
    }

    public GrabOutcome Grab()
    {
        picture?.Dispose();
        (picture, SkippedReason) = (null, "");
        for (var tried = 0; tried < files.Length; tried++)
        {
            if (next == files.Length)
            {
                if (!loop)
                    return GrabOutcome.End;
                next = 0;
            }

            Current = files[next++];
            try
            {
                picture = reader.Read(Current);
                if (reader.Warning.Length > 0 && named.Add(Current))
                    SkippedReason = reader.Warning;
                return GrabOutcome.Ok;
            }
            catch (OperatingException e)
            {
                Skipped++;
                Reason = e.Message;
                if (named.Add(Current))
                    SkippedReason = SkippedReason.Length == 0 ? e.Message : $"{SkippedReason}; {e.Message}";
            }
        }

        // a whole round without a picture; without looping, some may have been shown before it
        if (!loop && next == files.Length && Skipped < files.Length)
            return GrabOutcome.End;
        Reason = $"none of the {files.Length} photographs in '{folder}' can be read; the last: {Reason}";
        return GrabOutcome.Failed;
    }

    public bool Retrieve(Mat destination)
    {
        if (picture is null)
            return false;
        picture.CopyTo(destination);
        return true;
    }

    public void Cancel() { }

    public void Dispose() => picture?.Dispose();
}
