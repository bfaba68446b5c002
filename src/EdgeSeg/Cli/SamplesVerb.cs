using System.CommandLine;
using System.Globalization;
using EdgeSeg.Annotation;
using EdgeSeg.Platform;
using EdgeSeg.Sampling;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Cli;

/// <summary><c>edgeseg samples</c>: the frames that the service kept for labelling on this device.</summary>
internal static class SamplesVerb
{
    public static Command Create() =>
        new("samples", "Frames that the service kept for labelling ([samples] in the settings): list, export, purge.")
        {
            List(),
            Export(),
            Purge(),
        };

    private static Command List()
    {
        var command = new Command(
            "list",
            "Shows the kept frames, oldest first, and why each was kept.\n\nExample: edgeseg samples list --state-dir /var/lib/edgeseg"
        );
        var places = ModelSlotVerbs.Places(command);
        command.SetAction(parsed =>
            Guard(
                parsed,
                places,
                store =>
                {
                    Console.WriteLine(
                        "{0,8}  {1,-16} {2,-13} {3,5}  {4,-20} {5}",
                        "NUMBER",
                        "CAMERA",
                        "REASON",
                        "SCORE",
                        "CAPTURED",
                        "PIXELS"
                    );
                    foreach (var (sample, _) in Whole(store))
                        Console.WriteLine(
                            string.Format(
                                CultureInfo.InvariantCulture,
                                "{0,8}  {1,-16} {2,-13} {3,5:0.00}  {4:yyyy-MM-ddTHH:mm:ssZ} {5}x{6}",
                                sample.Number,
                                sample.Camera,
                                sample.Reason.ToWire(),
                                sample.Score,
                                sample.CapturedUtc.UtcDateTime,
                                sample.Width,
                                sample.Height
                            )
                        );
                    var (count, bytes, _) = store.Measure();
                    Console.Error.WriteLine(
                        string.Create(CultureInfo.InvariantCulture, $"{count} frames, {bytes / 1e6:0.0} MB in {store.Folder}")
                    );
                }
            )
        );
        return command;
    }

    private static Command Export()
    {
        var format = new Option<string>("--format")
        {
            Description = "coco: images/ and annotations.json; the masks are the device's own and are to be checked by a person.",
            DefaultValueFactory = _ => "coco",
        };
        format.AcceptOnlyFromAmong("coco");
        var folder = new Option<string>("--out")
        {
            HelpName = "DIR",
            Required = true,
            Description = "A new folder, or an empty one.",
        };
        var command = new Command(
            "export",
            "Copies the kept frames and their masks for labelling.\n\nExample: edgeseg samples export --format coco --out hard-frames/"
        )
        {
            format,
            folder,
        };
        var places = ModelSlotVerbs.Places(command);
        command.SetAction(parsed => Guard(parsed, places, store => ToCoco(store, parsed.GetValue(folder)!)));
        return command;
    }

    private static Command Purge()
    {
        var command = new Command(
            "purge",
            "Removes all kept frames from this device.\n\nExample: edgeseg samples purge --state-dir /var/lib/edgeseg"
        );
        var places = ModelSlotVerbs.Places(command);
        command.SetAction(parsed =>
            Guard(parsed, places, store => Console.WriteLine($"{store.Purge()} frames removed from {store.Folder}"))
        );
        return command;
    }

    private static void ToCoco(SampleStore store, string folder)
    {
        var images = Path.Combine(folder, "images");
        try
        {
            if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
                throw new OperatingException($"{folder}: is not empty: choose another folder with --out");
            Directory.CreateDirectory(images);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{folder}: cannot be written ({e.Message}): choose another folder with --out");
        }

        var photos = new List<AnnotatedPhoto>();
        using (var reasons = new StreamWriter(Path.Combine(folder, "samples.jsonl")))
        {
            foreach (var (sample, picture) in Whole(store))
            {
                var name = Path.GetFileName(picture);
                File.Copy(picture, Path.Combine(images, name));
                var photo = new AnnotatedPhoto(name, picture) { Width = sample.Width, Height = sample.Height };
                if (sample.Mask is { } mask)
                    photo.Objects.Add(new AnnotatedObject(PhotoAnnotator.MainLabel, sample.Score, mask.Area, mask.Box, mask.Counts));
                photos.Add(photo);
                reasons.WriteLine(System.Text.Encoding.UTF8.GetString(sample.ToJson()));
            }
        }

        new CocoExport(folder, [new Category(1, PhotoAnnotator.MainLabel)]).Finish(photos);
        Console.Error.WriteLine($"{photos.Count} frames, {photos.Sum(p => p.Objects.Count)} masks in {folder}");
    }

    private static List<(KeptSample Sample, string Picture)> Whole(SampleStore store)
    {
        var samples = store.List(out var damaged);
        foreach (var file in damaged)
            Verbs.Fail($"{file} is damaged or has no picture; it is left out");
        return samples;
    }

    private static int Guard(ParseResult parsed, (Option<string?> Config, Option<string?> Folder) places, Action<SampleStore> work)
    {
        // without frames kept so far the folder below may be missing, the state folder itself may not
        var stateDir = ModelSlotVerbs.ExistingStateDir(parsed, places);
        var store = new SampleStore(SampleStore.FolderOf(stateDir));
        try
        {
            work(store);
            return ExitCode.Ok;
        }
        catch (UnauthorizedAccessException)
        {
            throw new OperatingException(
                $"{store.Folder} is for the service's user alone: run this as that user (sudo -u edgeseg) or as root"
            );
        }
        catch (IOException e)
        {
            throw new OperatingException($"{store.Folder}: {e.Message}");
        }
    }
}
