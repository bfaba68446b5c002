using System.Text;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using EdgeSeg.Vision.Prompts;
using Xunit;

namespace EdgeSeg.Annotation;

public sealed class BoxPromptsTests : IDisposable
{
    private const string Box = "10,20,40,60";

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData(
        "d.json",
        """[{"image_id": "a.jpg", "bbox": [10, 20, 30, 40], "category_id": 3, "score": 1}, {"bbox": [1, 2, 3, 4], "category_id": 3}, 7]""",
        "3"
    )]
    [InlineData(
        "d.json",
        """
            {"images": [{"id": 5, "file_name": "a.jpg"}], "categories": [{"id": 3, "name": "cat"}],
             "annotations": [{"image_id": 5, "category_id": 3, "bbox": [10, 20, 30, 40]},
                         {"image_id": 5, "category_id": 3, "bbox": [1, 1, 0, 4]},
                         {"image_id": 5, "category_id": 3, "bbox": [NaN, 1, 2, 3]}]}
            """,
        "cat"
    )]
    [InlineData(
        "boxes.txt",
        "\uFEFF [ {\"file_name\": \"a.jpg\", \"bbox\": [10, 20, 30, 40], \"label\": \"cat\"}, {\"label\": \"cat\"}, 0]",
        "cat"
    )]
    [InlineData("d.csv", "file,x0,y0,x1,y1,label\n\"a.jpg\",10,20,40,60,cat\nb.jpg,nothing,,,,cat\nb.jpg,9,9,9,9,cat\n", "cat")]
    [InlineData("d.csv", "a.jpg,10,20,oops,60,cat\na.jpg,10,20,40,60,cat\nb.jpg,,,,,cat\n", "cat")]
    [InlineData("d.csv", "image;class;score;xmax;xmin;ymin;ymax\na.jpg;cat;0.5;40;10;20;60\n;cat;1;2;1;1;2\na.jpg;cat\n", "cat")]
    [InlineData("d.tsv", "a.jpg\t10\t20\t40\t60\tcat\na.jpg\t\t\t\t\tcat\n\t1\t1\t2\t2\tcat\n", "cat")]
    public void Boxes_are_read_from_coco_and_csv(string name, string content, string label)
    {
        var boxes = Read(content, name);
        Assert.Equal(2, boxes.Unusable);
        Assert.Equal([label], boxes.Categories.Select(c => c.Name));
        Photo photo = new("sub/a.jpg", "/data/sub/a.jpg");
        boxes.Match([photo, new("sub/b.jpg", "/data/sub/b.jpg")]);
        var (box, own) = Assert.Single(boxes.Of(photo));
        Assert.Equal(new Box(10, 20, 40, 60), box);
        Assert.Equal(label, own);
        Assert.Empty(boxes.Unmatched);
    }

    [Theory]
    [InlineData("image_id,file_name,xmin,ymin,xmax,ymax,class,class_name\n7,a.jpg,10,20,40,60,3,cat\n")]
    [InlineData("name,file,x0,y0,x1,y1,category,category_name\ncat,a.jpg,10,20,40,60,3,cat\n")]
    [InlineData("xmin,ymin,xmax,ymax,class,class_name,name,image_id\n10,20,40,60,3,cat,7,a.jpg\n")]
    [InlineData("name,class,x0,y0,x1,y1\na.jpg,cat,10,20,40,60\n")]
    public void Of_several_columns_for_one_thing_the_one_that_names_it_counts(string content)
    {
        var boxes = Read(content);
        Photo photo = new("a.jpg", "/data/a.jpg");
        boxes.Match([new("7.jpg", "/data/7.jpg"), photo]);
        Assert.Equal("cat", Assert.Single(boxes.Of(photo)).Label);
    }

    [Theory]
    [InlineData("42", "000000000042.jpg")]
    [InlineData("42", "COCO_val2014_000000000042.jpg")]
    [InlineData("a", "a.jpg")]
    [InlineData("http://images.cocodataset.org/val2017/b.jpg?size=1", "b.jpg")]
    [InlineData("C:\\\\photos\\\\b.jpg", "b.jpg")]
    [InlineData("/home/somebody/set/b.jpg", "x/b.jpg")]
    [InlineData("p/rocket.jpg", "rocket.jpg")]
    [InlineData("./rocket.jpg", "rocket.jpg")]
    [InlineData("../q/rocket.jpg", "q/rocket.jpg")]
    [InlineData("Caf\u00e9 \u1ec7 \ud55c \u304c.jpg", "Cafe\u0301 e\u0323\u0302 \u1112\u1161\u11ab \u304b\u3099.jpg")]
    public void Names_in_the_forms_of_data_sets_mean_their_photographs(string name, string photo)
    {
        var boxes = Read($$"""[{"image_id": "{{name}}", "bbox": [10, 20, 30, 40]}]""", "d.json");
        Photo meant = new(photo, "/data/p/" + photo);
        boxes.Match([new("other.jpg", "/data/p/other.jpg"), meant]);
        Assert.Single(boxes.Of(meant));
        Assert.Empty(boxes.Unmatched);
    }

    [Fact]
    public void The_photograph_whose_folders_agree_is_meant()
    {
        Photo[] photos = [new("train/1.jpg", "/set/train/1.jpg"), new("val/1.jpg", "/set/val/1.jpg")];
        var boxes = Read($"D:\\set\\val\\1.jpg,{Box},v\ntrain/1.jpg,{Box},t\ntest/2.jpg,{Box},x\n");
        boxes.Match(photos);
        Assert.Equal("t", Assert.Single(boxes.Of(photos[0])).Label);
        Assert.Equal("v", Assert.Single(boxes.Of(photos[1])).Label);
        Assert.Equal(["test/2.jpg"], boxes.Unmatched);
        // the other photograph of this name is not among those of the run
        boxes = Read($"train/1.jpg,{Box},t\nval/1.jpg,{Box},v\n1.jpg,{Box},one\n");
        boxes.Match([photos[0]]);
        Assert.Equal(["t", "one"], boxes.Of(photos[0]).Select(b => b.Label));
        Assert.Equal(["val/1.jpg"], boxes.Unmatched);
    }

    [Fact]
    public void An_ambiguous_name_is_refused()
    {
        Photo[] photos = [new("a/1.jpg", "/set/a/1.jpg"), new("b/1.jpg", "/set/b/1.jpg")];
        var error = Assert.Throws<OperatingException>(() => Read($"1.jpg,{Box}\n").Match(photos)).Message;
        Assert.Contains("'a/1.jpg' and 'b/1.jpg'", error);
        error = Assert.Throws<OperatingException>(() => Read($"c/1.jpg,{Box}\nd/1.jpg,{Box}\n").Match([photos[0]])).Message;
        Assert.Contains("'c/1.jpg' and 'd/1.jpg'", error);
    }

    [Fact]
    public void Names_of_which_none_is_a_photograph_are_refused()
    {
        var error = Assert.Throws<OperatingException>(() => Read($"x.jpg,{Box}\n").Match([new("y.jpg", "/y.jpg")]));
        Assert.Equal(2, error.ExitCode);
        Assert.Contains("none of the 1 files that --prompts names is among the 1 photographs", error.Message);
    }

    [Fact]
    public void Categories_keep_the_file_s_ids_and_order_and_do_not_depend_on_what_is_used()
    {
        var boxes = Read(
            """
            {"images": [], "categories": [{"id": 18, "name": "dog"}, {"id": 1, "name": "cat"}, {"id": 90, "name": "cat"}],
             "annotations": [{"image_id": "a", "category_id": 1, "bbox": [1, 2, 3, 4]}, {"image_id": "a", "bbox": [1, 2, 3, 4]}]}
            """,
            "d.json"
        );
        Assert.Equal([new(18, "dog"), new(1, "cat"), new(90, "cat (90)"), new(91, "object")], boxes.Categories);
        boxes = Read($"a.jpg,{Box},zebra\na.jpg,0,0,0,0,ant\na.jpg,{Box},bee\n");
        Assert.Equal([new(1, "ant"), new(2, "bee"), new(3, "zebra")], boxes.Categories);
        boxes = Read("""[{"image_id": 1, "category_id": 10, "bbox": [1, 2, 3, 4]}, {"image_id": 1, "category_id": 9}]""", "d.json");
        Assert.Equal([new(9, "9"), new(10, "10")], boxes.Categories);
    }

    [Theory]
    [InlineData("a.jpg,0.1,0.2,0.9,1\n", "shares of the picture")]
    [InlineData("a.jpg,1,2,3,4,0.9,cat\n", "name the columns")]
    [InlineData("a.jpg,1,2,3,4,0.9\n", "name the columns")]
    [InlineData("file,x,y,w,h,label\na.jpg,1,2,3,4,cat\n", "names no column 'x0'")]
    [InlineData("[{\"image_id\": \"\\ud800\", \"bbox\": [1, 2, 3, 4]}]", "not valid Unicode")]
    [InlineData("{\"images\": [}", "not valid JSON from line 1")]
    [InlineData("[]", "holds no box")]
    [InlineData("", "empty or not a plain file")]
    public void A_file_whose_meaning_is_not_clear_is_refused(string content, string reason) =>
        Assert.Contains(reason, Assert.Throws<OperatingException>(() => Read(content)).Message);

    [Fact]
    public void Json_that_is_not_utf_8_is_refused()
    {
        var file = scratch.Write("d.json", Encoding.Latin1.GetBytes("""[{"image_id": "é.jpg", "bbox": [1, 2, 3, 4]}]"""));
        Assert.Contains("UTF-8", Assert.Throws<OperatingException>(() => BoxPrompts.Read(file)).Message);
    }

    private BoxPrompts Read(string content, string name = "d.csv") => BoxPrompts.Read(scratch.Write(name, Encoding.UTF8.GetBytes(content)));
}
