using EdgeSeg.Platform;
using EdgeSeg.Vision.Images;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Evaluation;

/// <summary>A frame of a sequence and its mask; no mask where none is labelled.</summary>
internal sealed record VideoFrame(string Image, string? Mask);

/// <summary>A sequence: its frames in order of their names. The first has a mask.</summary>
internal sealed record VideoSequence(string Name, IReadOnlyList<VideoFrame> Frames);

/// <summary>
/// Videos with masks, as folders: <c>SEQUENCE/images</c> with a photograph a frame and <c>SEQUENCE/masks</c> with a PNG of the same name,
/// in which each value but 0 is the object (the layout of DAVIS, single object).
/// </summary>
internal static class VideoSet
{
    /// <summary>Sentences of an error.</summary>
    private const int FaultsShown = 5;

    /// <summary>Sequences by name.</summary>
    /// <param name="folder">Of all of them.</param>
    /// <param name="faults">A sentence for each sequence that cannot be used.</param>
    /// <exception cref="OperatingException">There is no sequence, or none can be used.</exception>
    public static IReadOnlyList<VideoSequence> Read(string folder, out IReadOnlyList<string> faults)
    {
        var refused = new List<string>();
        faults = refused;
        if (!Directory.Exists(folder))
            throw new OperatingException($"{folder}: is not a folder: name the folder of the sequences with --video", ExitCode.Usage);
        try
        {
            var sequences = new List<VideoSequence>();
            foreach (var path in Directory.EnumerateDirectories(folder).Order(NaturalOrder.Instance))
            {
                if (!Directory.Exists(Path.Combine(path, "images")) || !Directory.Exists(Path.Combine(path, "masks")))
                    continue;
                try
                {
                    sequences.Add(ReadSequence(path));
                }
                catch (OperatingException e)
                {
                    refused.Add(e.Message);
                }
            }

            return sequences.Count > 0
                ? sequences
                : throw new OperatingException(
                    refused.Count > 0
                        ? string.Join('\n', refused.Take(FaultsShown))
                        : $"{folder}: has no sequence: folders SEQUENCE/images and SEQUENCE/masks are needed"
                );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{folder}: cannot be read ({e.Message}): check the path and its permissions");
        }
    }

    private static VideoSequence ReadSequence(string path)
    {
        var masks = Directory
            .EnumerateFiles(Path.Combine(path, "masks"), "*.png")
            .ToDictionary(f => Path.GetFileNameWithoutExtension(f), StringComparer.Ordinal);
        var frames = FrameFolder
            .Photographs(Path.Combine(path, "images"))
            .Select(f => new VideoFrame(f, masks.GetValueOrDefault(Path.GetFileNameWithoutExtension(f))))
            .ToList();
        if (frames.Count < 3)
            throw new OperatingException($"{path}: has {frames.Count} frames where at least 3 are needed");
        if (frames[0].Mask is null)
            throw new OperatingException($"{path}: the first frame {frames[0].Image} has no mask of that name in masks/");
        return new VideoSequence(Path.GetFileName(path), frames);
    }
}
