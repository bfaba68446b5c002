using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace EdgeSeg.Inference;

/// <summary>
/// Writes small ONNX graphs with constant outputs, so that tests can show a model of any shape and any answer.
/// Field numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
/// </summary>
internal sealed class OnnxGraph
{
    private const int FloatType = 1, UInt8Type = 2;

    private readonly ArrayBufferWriter<byte> graph = new();

    public static OnnxGraph SqueezeSam(int width, int height, float[] masks, float[] iou, float[] saliency, int outputWidth, int outputHeight) =>
        new OnnxGraph()
            .Input("image", UInt8Type, 1, height, width, 3)
            .Input("points", FloatType, 1, 6, 3)
            .Output("masks", masks, 1, iou.Length, outputHeight, outputWidth)
            .Output("iou", iou, 1, iou.Length)
            .Output("saliency", saliency, 1, 1, outputHeight, outputWidth);

    public OnnxGraph Input(string name, int type, params long[] shape)
    {
        Message(graph, 11, ValueInfo(name, type, shape));
        return this;
    }

    public OnnxGraph Output(string name, float[] values, params long[] shape)
    {
        var tensor = new ArrayBufferWriter<byte>();
        foreach (var d in shape) Number(tensor, 1, d);
        Number(tensor, 2, FloatType);
        Text(tensor, 8, name + "_value");
        Bytes(tensor, 9, MemoryMarshal.AsBytes(values.AsSpan()));
        Message(graph, 5, tensor);
        var node = new ArrayBufferWriter<byte>();
        Text(node, 1, name + "_value");
        Text(node, 2, name);
        Text(node, 4, "Identity");
        Message(graph, 1, node);
        Message(graph, 12, ValueInfo(name, FloatType, shape));
        return this;
    }

    public byte[] ToBytes()
    {
        Text(graph, 2, "test");
        var opset = new ArrayBufferWriter<byte>();
        Text(opset, 1, "");
        Number(opset, 2, 17);
        var model = new ArrayBufferWriter<byte>();
        Number(model, 1, 8);
        Message(model, 8, opset);
        Message(model, 7, graph);
        return model.WrittenSpan.ToArray();
    }

    /// <summary>A bundle folder around a graph.</summary>
    public static string Bundle(byte[] graph, string folder, string precision = "fp32", string extra = "")
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "m.onnx"), graph);
        File.WriteAllText(Path.Combine(folder, "model.json"), $$"""
            {"v":1,"name":"test","version":1,"kind":"squeezesam","weights_licence":"none",
             "graphs":[{"role":"segmenter","precision":"{{precision}}","file":"m.onnx","bytes":{{graph.Length}},"sha256":"{{Convert.ToHexStringLower(SHA256.HashData(graph))}}"{{extra}}}]}
            """);
        return folder;
    }

    private static ArrayBufferWriter<byte> ValueInfo(string name, int type, long[] shape)
    {
        var dims = new ArrayBufferWriter<byte>();
        foreach (var d in shape)
        {
            var dim = new ArrayBufferWriter<byte>();
            Number(dim, 1, d);
            Message(dims, 1, dim);
        }

        var tensor = new ArrayBufferWriter<byte>();
        Number(tensor, 1, type);
        Message(tensor, 2, dims);
        var typeProto = new ArrayBufferWriter<byte>();
        Message(typeProto, 1, tensor);
        var info = new ArrayBufferWriter<byte>();
        Text(info, 1, name);
        Message(info, 2, typeProto);
        return info;
    }

    private static void Number(ArrayBufferWriter<byte> s, int field, long value)
    {
        Varint(s, (ulong)field << 3);
        Varint(s, (ulong)value);
    }

    private static void Text(ArrayBufferWriter<byte> s, int field, string value) => Bytes(s, field, Encoding.UTF8.GetBytes(value));

    private static void Message(ArrayBufferWriter<byte> s, int field, ArrayBufferWriter<byte> value) => Bytes(s, field, value.WrittenSpan);

    private static void Bytes(ArrayBufferWriter<byte> s, int field, ReadOnlySpan<byte> value)
    {
        Varint(s, (ulong)field << 3 | 2);
        Varint(s, (ulong)value.Length);
        s.Write(value);
    }

    private static void Varint(ArrayBufferWriter<byte> s, ulong value)
    {
        for (; value >= 0x80; value >>= 7) s.Write([(byte)(value | 0x80)]);
        s.Write([(byte)value]);
    }
}
