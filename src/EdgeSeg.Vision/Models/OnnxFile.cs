using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// Checks of a graph's bytes before ONNX Runtime loads them. The protobuf fields are those of onnx.proto3: ModelProto.graph = 7,
/// GraphProto.initializer = 5, GraphProto.node = 1, NodeProto.attribute = 5, AttributeProto.t = 5 and g = 6, TensorProto.external_data =
/// 13 and data_location = 14.
/// </summary>
internal static class OnnxFile
{
    private const int MaxDepth = 16;

    /// <summary>
    /// Refuses what is no ONNX file, and graphs whose weights lie in another file: a bundle would lack them, and a session made from bytes
    /// would read them, unchecked, from the current folder.
    /// </summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">For the message.</param>
    /// <exception cref="OperatingException">The file cannot be used.</exception>
    public static void Check(ReadOnlySpan<byte> bytes, string name)
    {
        var text = bytes.TrimStart(" \r\n\t"u8);
        if (text.IsEmpty)
            throw new OperatingException($"{name} is empty: fetch it again");
        if (text.StartsWith("version https://git-lfs"u8))
            throw new OperatingException($"{name} is a Git LFS pointer, not the graph: fetch the file itself ('git lfs pull')");
        if (text[0] == '<')
            throw new OperatingException($"{name} is an HTML page, not a graph: fetch the file itself, not the page that shows it");
        if (HasExternalData(bytes))
            throw new OperatingException(
                $"{name} keeps its weights in another file (ONNX external data), which a bundle does not hold: save it as one file, in "
                    + "Python: onnx.save_model(onnx.load(FILE), NEW)"
            );
    }

    /// <summary>Whether a tensor of the model has its data outside. Bytes that are no protobuf are left to ONNX Runtime.</summary>
    private static bool HasExternalData(ReadOnlySpan<byte> model) => Any(model, 7, GraphHasExternalData, 0);

    private static bool GraphHasExternalData(ReadOnlySpan<byte> graph, int depth) =>
        Any(graph, 5, TensorIsExternal, depth) || Any(graph, 1, NodeHasExternalData, depth);

    private static bool NodeHasExternalData(ReadOnlySpan<byte> node, int depth) => Any(node, 5, AttributeHasExternalData, depth);

    private static bool AttributeHasExternalData(ReadOnlySpan<byte> attribute, int depth) =>
        Any(attribute, 5, TensorIsExternal, depth) || Any(attribute, 6, GraphHasExternalData, depth);

    private static bool TensorIsExternal(ReadOnlySpan<byte> tensor, int depth) => Any(tensor, 13, static (_, _) => true, depth);

    private delegate bool Test(ReadOnlySpan<byte> message, int depth);

    /// <summary>Whether one of the embedded messages of a field passes the test.</summary>
    private static bool Any(ReadOnlySpan<byte> message, int field, Test test, int depth)
    {
        if (depth > MaxDepth)
            return false;
        while (TryVarint(ref message, out var key))
        {
            switch (key & 7)
            {
                case 0:
                    if (!TryVarint(ref message, out _))
                        return false;
                    break;
                case 1:
                case 5:
                    var size = (key & 7) == 1 ? 8 : 4;
                    if (message.Length < size)
                        return false;
                    message = message[size..];
                    break;
                case 2:
                    if (!TryVarint(ref message, out var length) || length > (ulong)message.Length)
                        return false;
                    if ((int)(key >> 3) == field && test(message[..(int)length], depth + 1))
                        return true;
                    message = message[(int)length..];
                    break;
                default:
                    return false;
            }
        }
        return false;
    }

    private static bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length && i < 10; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if ((bytes[i] & 0x80) == 0)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }
        return false;
    }
}
