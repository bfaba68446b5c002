using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>Gives the bytes of a bundle's files. Implemented by <see cref="HttpSource"/> and <see cref="FileSource"/>.</summary>
internal interface ISource : IDisposable
{
    /// <summary>Opens a file. A source that knows the size and finds that it is not the manifest's throws before a byte is read.</summary>
    /// <param name="address">Address of the file.</param>
    /// <param name="file">Its entry in the manifest.</param>
    /// <param name="from">Bytes that are on the disk already; the body may begin there, or at 0.</param>
    /// <param name="validator">Names the content that these bytes belong to; empty where <paramref name="from"/> is 0.</param>
    /// <param name="watch">Ends every wait.</param>
    /// <exception cref="UpdateException">The file cannot be read, or not from there.</exception>
    Task<SourceBody> OpenAsync(Uri address, BundleFile file, long from, string validator, StallWatch watch);
}

/// <summary>An open file of a source.</summary>
/// <param name="stream">Its bytes.</param>
/// <param name="from">Offset of the first byte in the file: the requested one, or 0.</param>
/// <param name="validator">Names this content towards the same source, to resume later; empty: the source gave no name.</param>
/// <param name="owner">Disposed with the body.</param>
internal sealed class SourceBody(Stream stream, long from, string validator, IDisposable owner) : IDisposable
{
    public Stream Stream { get; } = stream;

    public long From { get; } = from;

    public string Validator { get; } = validator;

    public void Dispose()
    {
        Stream.Dispose();
        owner.Dispose();
    }
}
