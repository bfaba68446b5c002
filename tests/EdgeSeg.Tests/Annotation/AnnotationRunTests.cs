using System.Text.Json;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Annotation;

/// <summary>Runs that go on, and merges, with an annotator that finds one object in each photograph.</summary>
public sealed class AnnotationRunTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly List<string> annotated = [];

    public AnnotationRunTests()
    {
        foreach (var name in (string[])["p/a.jpg", "p/b.jpg", "p/c.jpg", "p/d.jpg", "q/a.jpg"])
            scratch.Write(name, [1, 2, 3]);
    }

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void A_photograph_is_done_again_when_its_file_or_a_result_has_changed()
    {
        Assert.Equal(4, Run("p", "o").Photographs);
        Run("p", "o");
        Assert.Equal(["a.jpg", "b.jpg", "c.jpg", "d.jpg"], annotated);
        annotated.Clear();
        scratch.Write("p/b.jpg", [1, 2, 3, 4]);
        File.SetLastWriteTimeUtc(At("p/c.jpg"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        File.Delete(At("o/labels/d.txt"));
        scratch.Write("p/e.jpg", [1]);
        Assert.Equal(5, Run("p", "o").Photographs);
        Assert.Equal(["b.jpg", "c.jpg", "d.jpg", "e.jpg"], annotated);
        Assert.True(File.Exists(At("o/labels/d.txt")), "the file that was missing is there");
    }

    [Fact]
    public void The_export_holds_only_the_photographs_of_the_last_run()
    {
        Run("p", "o", fault: "b.jpg");
        File.Delete(At("p/b.jpg"));
        File.Delete(At("p/c.jpg"));
        var report = Run("p", "o");
        Assert.Equal((2, 0), (report.Photographs, report.Unreadable.Count));
        Assert.Equal(["a.jpg", "d.jpg"], AnnotationJournal.Read(At("o")).Select(p => p.Name));
        Assert.Equal(["a.txt", "d.txt"], Directory.GetFiles(At("o/labels")).Select(Path.GetFileName).Order());
        // another folder with a photograph of the same name
        annotated.Clear();
        Assert.Equal(1, Run("q", "o").Photographs);
        Assert.Equal(["a.jpg"], annotated);
        Assert.Equal(At("q/a.jpg"), new FileInfo(At("o/images/a.jpg")).LinkTarget);
    }

    [Fact]
    public void Files_that_a_photograph_has_stay_when_one_with_the_same_result_files_is_dropped()
    {
        Run("p", "o");
        File.Move(At("p/a.jpg"), At("p/a.jpeg"));
        Run("p", "o");
        Assert.Equal(["a.txt", "b.txt", "c.txt", "d.txt"], Directory.GetFiles(At("o/labels")).Select(Path.GetFileName).Order());
        Assert.Equal(
            ["a.jpeg", "b.jpg", "c.jpg", "d.jpg"],
            Directory.GetFileSystemEntries(At("o/images")).Select(Path.GetFileName).Order()
        );
        // the names of the pictures leave an inner folder images out
        scratch.Write("x/images/1.jpg", [1, 2, 3]);
        Run("x", "o2");
        Assert.Equal(1, Run("x/images", "o2").Photographs);
        Assert.True(File.Exists(At("o2/labels/1.txt")), "the labels are there");
        Assert.Equal(At("x/images/1.jpg"), new FileInfo(At("o2/images/1.jpg")).LinkTarget);
    }

    [Fact]
    public void A_photograph_whose_labels_were_written_later_for_another_one_is_done_again()
    {
        Run("p", "o");
        // another run wrote the labels of a.jpeg, and was interrupted before its end
        using (var journal = new AnnotationJournal(At("o")))
            journal.Add(new AnnotatedPhoto("a.jpeg", At("q/a.jpeg")) { Files = ["labels/a.txt"] });
        annotated.Clear();
        Assert.Equal(4, Run("p", "o").Photographs);
        Assert.Equal(["a.jpg"], annotated);
        Assert.True(File.Exists(At("o/labels/a.txt")), "the labels are there");
    }

    [Fact]
    public void Parts_whose_photographs_would_share_a_file_are_not_merged()
    {
        Run("p", "s1", "1/2");
        var count = Run("p", "s2", "2/2").Photographs;
        using (var journal = new AnnotationJournal(At("s2")))
            journal.Add(new AnnotatedPhoto("a.jpeg", At("q/a.jpeg")) { Files = ["labels/a.txt"] });
        (Settings("2/2") with { Photographs = count + 1 }).Write(At("s2"));
        Assert.Contains("would share the file labels/a.txt", Assert.Throws<OperatingException>(() => Merge("m")).Message);
        Assert.False(Directory.Exists(At("m")), "nothing was merged");
    }

    [Fact]
    public void A_journal_of_an_earlier_version_goes_on()
    {
        Run("p", "o");
        var journal = At("o/photographs.jsonl");
        File.WriteAllText(
            journal,
            System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(journal), "\"(size|modified)\":[0-9]+,", "")
        );
        File.WriteAllText(
            At("o/annotate.json"),
            """{"export":"yolo-seg","mode":"main","model":"m 1","labels":["object"],"shard":"1/1","options":""}"""
        );
        annotated.Clear();
        Assert.Equal(4, Run("p", "o").Photographs);
        Assert.Empty(annotated);
    }

    [Fact]
    public void A_journal_that_names_files_elsewhere_is_damaged()
    {
        Run("p", "o");
        var journal = At("o/photographs.jsonl");
        File.WriteAllText(journal, File.ReadAllText(journal).Replace("labels/a.txt", "../p/a.jpg", StringComparison.Ordinal));
        Assert.Contains("line 1 is damaged", Assert.Throws<OperatingException>(() => Run("q", "o")).Message);
        Assert.True(File.Exists(At("p/a.jpg")), "the photograph is there");
    }

    [Fact]
    public void Another_precision_or_salience_model_is_refused()
    {
        Run("p", "o");
        foreach (var other in (AnnotationSettings[])[Settings() with { Precision = "fp32" }, Settings() with { SalienceModel = "s 2" }])
            Assert.Contains("choose another --out", Assert.Throws<OperatingException>(() => other.Claim(At("o"))).Message);
    }

    [Fact]
    public void An_output_folder_that_cannot_be_made_is_refused()
    {
        foreach (var folder in (string[])[At("p/a.jpg"), At("p/a.jpg/below"), "/proc/edgeseg"])
            Assert.Contains("choose another", Assert.Throws<OperatingException>(() => Settings().Claim(folder)).Message);
        Directory.CreateDirectory(At("o2/photographs.jsonl"));
        Settings().Write(At("o2"));
        Assert.Contains("photographs.jsonl: cannot be written", Assert.Throws<OperatingException>(() => Run("p", "o2")).Message);
        scratch.Write("o/images", [1]);
        Settings().Write(At("o"));
        Assert.Contains("images/a.jpg: cannot be written", Assert.Throws<OperatingException>(() => Run("p", "o")).Message);
    }

    [Fact]
    public void Parts_are_merged_again_into_their_merge_and_nowhere_else()
    {
        Run("p", "s1", "1/2");
        Run("p", "s2", "2/2");
        Assert.Equal(4, Merge("m").Photographs);
        Assert.Equal(4, Merge("m").Photographs);
        Assert.Equal(4, File.ReadAllLines(At("m/photographs.jsonl")).Length);
        Assert.Equal(At("p/a.jpg"), new FileInfo(At("m/images/a.jpg")).LinkTarget);
        using var mark = JsonDocument.Parse(File.ReadAllText(At("m/annotate.json")));
        Assert.Equal(4, mark.RootElement.GetProperty("photographs").GetInt32());
        Run("q", "o");
        foreach (var (target, reason) in (ReadOnlySpan<(string, string)>)[("s1", "is one of the parts"), ("o", "holds other results")])
        {
            var before = File.ReadAllText(At(target + "/photographs.jsonl"));
            Assert.Contains(reason, Assert.Throws<OperatingException>(() => Merge(target)).Message);
            Assert.Equal(before, File.ReadAllText(At(target + "/photographs.jsonl")));
        }
        // the merge goes on as a run of all
        annotated.Clear();
        Run("p", "m");
        Assert.Empty(annotated);
    }

    [Fact]
    public void A_part_that_is_not_whole_is_not_merged()
    {
        Run("p", "s1", "1/2");
        Run("p", "s2", "2/2");
        var (journal, settings) = (At("s2/photographs.jsonl"), At("s2/annotate.json"));
        var (lines, mark) = (File.ReadAllLines(journal), File.ReadAllText(settings));
        void Refuses(string reason) => Assert.Contains(reason, Assert.Throws<OperatingException>(() => Merge("m")).Message);

        File.WriteAllLines(journal, lines[..^1]);
        Refuses("is not finished: run its command again");
        File.Delete(journal);
        Refuses("is not finished");
        File.WriteAllLines(journal, lines);
        Settings("2/2").Claim(At("s2"));
        Refuses($"shard 2/2 in {At("s2")} is not finished");
        File.WriteAllText(settings, mark.Replace("2/2", "abc", StringComparison.Ordinal));
        Refuses("cannot be read ('abc' is no shard");
        File.WriteAllText(settings, mark);
        Directory.Delete(At("s2/labels"), recursive: true);
        Refuses("is missing: run the command of its shard again");
        Run("p", "s2", "2/2");
        Assert.Equal(4, Merge("m").Photographs);
    }

    [Theory]
    [InlineData("train/images/x.jpg", "train/x.jpg")]
    [InlineData("images/images", "images")]
    [InlineData("a/phone.JFIF", "a/phone.jpg")]
    [InlineData("a/b.png", "a/b.png")]
    public void A_yolo_picture_has_no_inner_folder_images(string name, string picture) => Assert.Equal(picture, YoloExport.Picture(name));

    [Fact]
    public void Yolo_labels_are_valid_yaml()
    {
        Assert.Equal(
            """
            "say \"a\\b\" \U0000000A \U0001F600 Café: #"
            """,
            YoloExport.Quoted("say \"a\\b\" \n \U0001F600 Café: #")
        );
        Run("p", "o");
        Assert.Equal("train: images\nval: images\nnames:\n  0: \"object\"\n", File.ReadAllText(At("o/data.yaml")));
    }

    [Fact]
    public void A_name_that_is_too_long_for_the_result_files_is_refused_at_once()
    {
        Photo[] photos = [new($"d/{new string('n', 250)}.jpg", "/d/n.jpg")];
        foreach (var kind in AnnotationExport.Kinds.Where(k => k != "coco"))
        {
            var refused = Assert.Throws<OperatingException>(() => AnnotationExport.Of(kind, scratch.Path, []).Check(photos));
            Assert.Contains("/d/n.jpg", refused.Message);
        }
        AnnotationExport.Of("coco", scratch.Path, []).Check(photos);
    }

    [Fact]
    public void Coco_categories_have_the_ids_of_the_prompts()
    {
        var photo = new AnnotatedPhoto("a.jpg", "/a.jpg")
        {
            Width = 4,
            Height = 3,
            Objects = [new("dog", 1, 2, [0, 0, 1, 2], "1")],
        };
        new CocoExport(scratch.Path, [new(18, "dog"), new(1, "cat")]).Finish([photo]);
        using var json = JsonDocument.Parse(File.ReadAllText(At("annotations.json")));
        Assert.Equal([18, 1], json.RootElement.GetProperty("categories").EnumerateArray().Select(c => c.GetProperty("id").GetInt32()));
        Assert.Equal(18, json.RootElement.GetProperty("annotations")[0].GetProperty("category_id").GetInt32());
    }

    private string At(string name) => Path.Combine(scratch.Path, name);

    private static AnnotationSettings Settings(string shard = "1/1") =>
        new("yolo-seg", "main", "m 1", [new(1, "object")], shard, "") { Precision = "auto", SalienceModel = "s 1" };

    private AnnotationReport Run(string photos, string folder, string shard = "1/1", string fault = "")
    {
        var settings = Settings(shard);
        var export = AnnotationExport.Of(settings.Export, At(folder), settings.Categories);
        var (index, count) = AnnotationSettings.ShardNumbers(shard)!.Value;
        using var pixels = new Mat(4, 4, MatType.CV_8UC3, Scalar.All(0));
        return new AnnotationRun(settings, At(folder), export).Run(
            [.. PhotoList.Shard(PhotoList.Find([At(photos)]), index, count)],
            photo =>
            {
                annotated.Add(photo.Name);
                var result = new AnnotatedPhoto(photo.Name, photo.Path)
                {
                    Width = 4,
                    Height = 4,
                    Fault = photo.Name == fault ? "bad" : "",
                };
                if (result.Fault.Length > 0)
                    return result;
                export.Begin(result, pixels);
                export.End(result);
                return result;
            },
            (_, _) => { },
            CancellationToken.None
        );
    }

    private AnnotationReport Merge(string folder) => AnnotationMerge.Run([At("s1"), At("s2")], At(folder), null, (_, _) => { });
}
