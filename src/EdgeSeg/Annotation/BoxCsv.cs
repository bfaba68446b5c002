using System.Globalization;
using System.Text;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Annotation;

/// <summary>
/// Boxes in a CSV file (RFC 4180; also with semicolons or tabs): file,x0,y0,x1,y1[,label] in pixels. A first line that names the columns
/// gives their order; columns of other names, for example a score, are not used.
/// </summary>
/// <param name="path">For messages.</param>
internal sealed class BoxCsv(string path)
{
    private const int BoxEnd = 5,
        LabelEnd = 6;

    /// <summary>
    /// The names of each column: file, x0, y0, x1, y1, label. The first name that the file has counts: image_id is often a number beside
    /// the file's name, class and category often the number of class_name and category_name, and name that of the category.
    /// </summary>
    private static readonly string[][] names =
    [
        ["file", "filename", "file_name", "image", "image_name", "path", "image_id", "name"],
        ["x0", "xmin", "x_min", "left"],
        ["y0", "ymin", "y_min", "top"],
        ["x1", "xmax", "x_max", "right"],
        ["y1", "ymax", "y_max", "bottom"],
        ["label", "class_name", "category_name", "class", "category"],
    ];

    private int[] columns = [0, 1, 2, 3, 4, 5];
    private bool isNamed;

    /// <param name="text">The file.</param>
    /// <param name="add">Takes file, box (null: not a number) and label of each line.</param>
    /// <exception cref="OperatingException">The meaning of the columns is not clear.</exception>
    public void Read(TextReader text, Action<string?, double?[], string?> add)
    {
        var separator = ',';
        var isFirst = true;
        for (var number = 1; text.ReadLine() is { } line; number++)
        {
            if (line.AsSpan().Trim().IsEmpty)
                continue;
            if (isFirst)
                separator = Array.Find(['\t', ';'], c => Fields(line, c).Count >= BoxEnd) is var found and not '\0' ? found : ',';
            var fields = Fields(line, separator);
            if (isFirst && IsHeader(fields))
                ReadHeader(fields);
            else
            {
                if (!isNamed)
                    Check(fields, number);
                add(At(fields, 0), [.. Enumerable.Range(1, 4).Select(i => Number(At(fields, i)))], At(fields, 5));
            }
            isFirst = false;
        }
    }

    private string? At(List<string> fields, int column) =>
        columns[column] >= 0 && columns[column] < fields.Count ? fields[columns[column]] : null;

    /// <summary>A line that has all columns and no number, or the name of a column first.</summary>
    private static bool IsHeader(List<string> fields) =>
        fields.All(f => Number(f) is null)
        && (fields.Count >= BoxEnd || names.Any(n => n.Contains(fields[0].ToLowerInvariant())))
        && !PhotoList.IsPhoto(fields[0]);

    private void ReadHeader(List<string> fields)
    {
        string[] lower = [.. fields.Select(f => f.ToLowerInvariant())];
        columns = [.. names.Select(n => n.Select(name => Array.IndexOf(lower, name)).FirstOrDefault(at => at >= 0, -1))];
        var missing = Array.FindIndex(columns, 0, BoxEnd, c => c < 0);
        if (missing >= 0)
            throw new OperatingException(
                $"{path}: the first line names no column '{names[missing][0]}': name the columns file,x0,y0,x1,y1,label (in any order)"
            );
        isNamed = true;
    }

    /// <summary>Without names the sixth column is the label: a score there would make a category of each box.</summary>
    private void Check(List<string> fields, int number)
    {
        if (fields.Count > LabelEnd || (fields.Count == LabelEnd && Number(fields[^1]) is { } value && value != Math.Floor(value)))
            throw new OperatingException(
                $"{path}: line {number} has more than file,x0,y0,x1,y1,label: name the columns in a first line, for example "
                    + "file,x0,y0,x1,y1,score,label"
            );
    }

    private static double? Number(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;

    /// <summary>Fields of a line: quotes around a field, doubled inside it.</summary>
    private static List<string> Fields(string line, char separator)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && isQuoted && i + 1 < line.Length && line[i + 1] == '"')
                field.Append(line[i++]);
            else if (line[i] == '"')
                isQuoted = !isQuoted;
            else if (line[i] == separator && !isQuoted)
            {
                fields.Add(field.ToString().Trim());
                field.Clear();
            }
            else
                field.Append(line[i]);
        }
        fields.Add(field.ToString().Trim());
        return fields;
    }
}
