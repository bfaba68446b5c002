namespace EdgeSeg.Annotation;

/// <summary>The sums of a run.</summary>
internal sealed class AnnotationReport
{
    public int WithObjects { get; private set; }

    public int Objects { get; private set; }

    /// <summary>Photographs in which nothing was found, or whose masks were all filtered out.</summary>
    public List<string> Empty { get; } = [];

    /// <summary>Photographs that could not be read, each with the reason.</summary>
    public List<string> Unreadable { get; } = [];

    /// <summary>Boxes of the prompts that have no part in their photographs.</summary>
    public int BoxesOutside { get; private set; }

    public void Add(AnnotatedPhoto photo)
    {
        BoxesOutside += photo.BoxesOutside;
        if (photo.Fault.Length > 0)
            Unreadable.Add(photo.Fault);
        else if (photo.Objects.Count == 0)
            Empty.Add(photo.Name);
        else
        {
            WithObjects++;
            Objects += photo.Objects.Count;
        }
    }

    public int Photographs => WithObjects + Empty.Count + Unreadable.Count;

    public override string ToString() =>
        $"{Photographs} photographs: {WithObjects} with {Objects} objects, "
        + $"{Empty.Count} with nothing found, {Unreadable.Count} unreadable";
}
