using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace EdgeSeg.Testing;

/// <summary>
/// Writes small ONNX graphs with constant outputs, so that tests can show a model of any shape and any answer.
/// Field numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
/// </summary>
internal sealed class OnnxGraph
{
    private const int FloatType = 1,
        UInt8Type = 2,
        Int64Type = 7;

    private readonly ArrayBufferWriter<byte> graph = new();

    public static OnnxGraph SqueezeSam(
        int width,
        int height,
        float[] masks,
        float[] iou,
        float[] saliency,
        int outputWidth,
        int outputHeight
    ) =>
        new OnnxGraph()
            .Input("image", UInt8Type, 1, height, width, 3)
            .Input("points", FloatType, 1, 6, 3)
            .Output("masks", masks, 1, iou.Length, outputHeight, outputWidth)
            .Output("iou", iou, 1, iou.Length)
            .Output("saliency", saliency, 1, 1, outputHeight, outputWidth);

    /// <summary>An encoder of EfficientSAM for pictures of 16 x 16 pixels a cell; its features are 0.</summary>
    public static OnnxGraph EfficientSamEncoder(int cells, int channels = 1) =>
        new OnnxGraph()
            .Input("batched_images", FloatType, 1, 3, 16 * cells, 16 * cells)
            .Output("image_embeddings", new float[channels * cells * cells], 1, channels, cells, cells);

    /// <summary>A decoder of EfficientSAM for one channel of features; its masks are everything, whatever the prompt.</summary>
    public static OnnxGraph EfficientSamDecoder(int cells, int maskSide, params float[] iou) =>
        new OnnxGraph()
            .Input("image_embeddings", FloatType, 1, 1, cells, cells)
            .Input("batched_point_coords", FloatType, 1, 1, 6, 2)
            .Input("batched_point_labels", FloatType, 1, 1, 6)
            .Input("orig_im_size", Int64Type, 2)
            .Output("output_masks", [.. Enumerable.Repeat(1f, iou.Length * maskSide * maskSide)], 1, 1, iou.Length, maskSide, maskSide)
            .Output("iou_predictions", iou, 1, 1, iou.Length);

    /// <summary>
    /// A graph that knows clicks off the object: its mask is everything, and only the left half once a point has label 0. One mask of 8 x 8
    /// logits; six points.
    /// </summary>
    public static OnnxGraph NegativeClicks(int side)
    {
        float[] left = [.. Enumerable.Range(0, 64).Select(i => i % 8 < 4 ? 8f : 0)];
        var graph = new OnnxGraph().Input("image", UInt8Type, 1, side, side, 3).Input("points", FloatType, 1, 6, 3);
        // the sum of |label|: 6 for clicks on the object and unused points, less with a label of 0
        graph.Initializer("label_column", [0, 0, 1], 3, 1);
        graph.Node("MatMul", "labels", "points", "label_column");
        graph.Node("Abs", "marks", "labels");
        graph.Node("ReduceSum", "marked", "marks");
        graph.Initializer("most", [5.5f], 1, 1, 1);
        graph.Node("Sub", "margin", "marked", "most");
        graph.Initializer("scale", [.. Enumerable.Repeat(8f, 64)], 1, 1, 8, 8);
        graph.Node("Mul", "everywhere", "margin", "scale");
        graph.Initializer("left", left, 1, 1, 8, 8);
        graph.Node("Add", "masks", "everywhere", "left");
        Message(graph.graph, 12, ValueInfo("masks", FloatType, [1, 1, 8, 8]));
        return graph.Output("iou", [0.9f], 1, 1).Output("saliency", left, 1, 1, 8, 8);
    }

    /// <summary>The same, whose runs take about as many milliseconds as <paramref name="products"/>.</summary>
    public static OnnxGraph SlowSqueezeSam(int side, float[] masks, float[] iou, float[] saliency, int outputSide, int products) =>
        new OnnxGraph()
            .Input("image", UInt8Type, 1, side, side, 3)
            .Input("points", FloatType, 1, 6, 3)
            .Output("masks", masks, 1, iou.Length, outputSide, outputSide)
            .Output("iou", iou, 1, iou.Length)
            .LateOutput("saliency", saliency, products, 1, 1, outputSide, outputSide);

    /// <summary>
    /// A model that segments what is red, whatever the prompt: mask logits and saliency are 0.1 R - 0.05 G - 0.05 B - 4 at each pixel.
    /// </summary>
    public static OnnxGraph RedSqueezeSam(int side)
    {
        var made = new OnnxGraph().Input("image", UInt8Type, 1, side, side, 3).Input("points", FloatType, 1, 6, 3);
        made.Initializer("one", [1f]);
        made.Initializer("weights", [-0.05f, -0.05f, 0.1f], 3, 1);
        made.Initializer("bias", [-4f], 1);
        made.Integers("map", 1, 1, side, side);
        made.Integers("maps", 1, 3, side, side);
        made.Node("DequantizeLinear", "pixels", "image", "one");
        made.Node("MatMul", "red", "pixels", "weights");
        made.Node("Add", "logits", "red", "bias");
        made.Node("Reshape", "saliency", "logits", "map");
        made.Node("Expand", "masks", "saliency", "maps");
        Message(made.graph, 12, ValueInfo("masks", FloatType, [1, 3, side, side]));
        Message(made.graph, 12, ValueInfo("saliency", FloatType, [1, 1, side, side]));
        return made.Output("iou", [0.9f, 0.8f, 0.7f], 1, 3);
    }

    public OnnxGraph Input(string name, int type, params long[] shape)
    {
        Message(graph, 11, ValueInfo(name, type, shape));
        return this;
    }

    public OnnxGraph Output(string name, float[] values, params long[] shape)
    {
        Initializer(name + "_value", values, shape);
        Node("Identity", name, name + "_value");
        Message(graph, 12, ValueInfo(name, FloatType, shape));
        return this;
    }

    /// <summary>
    /// An output like <see cref="Output"/> that is only there after so many matrix products, each of about a millisecond: work that takes
    /// its time, and that the runtime can look up from between two operators.
    /// </summary>
    public OnnxGraph LateOutput(string name, float[] values, int products, params long[] shape)
    {
        const int width = 1024;
        Initializer("late_in", new float[3 * width], 3, width);
        Initializer("late_weights", new float[width * width], width, width);
        Initializer("late_value", values, shape);
        Node("MatMul", "late_0", "points", "late_in");
        for (var i = 0; i < products; i++)
            Node("MatMul", $"late_{i + 1}", $"late_{i}", "late_weights");
        Node("ReduceSum", "late_sum", $"late_{products}");
        Node("Add", name, "late_value", "late_sum");
        Message(graph, 12, ValueInfo(name, FloatType, shape));
        return this;
    }

    private void Initializer(string name, float[] values, params long[] shape)
    {
        var tensor = new ArrayBufferWriter<byte>();
        foreach (var d in shape)
            Number(tensor, 1, d);
        Number(tensor, 2, FloatType);
        Text(tensor, 8, name);
        Bytes(tensor, 9, MemoryMarshal.AsBytes(values.AsSpan()));
        Message(graph, 5, tensor);
    }

    private void Integers(string name, params long[] values)
    {
        var tensor = new ArrayBufferWriter<byte>();
        Number(tensor, 1, values.Length);
        Number(tensor, 2, Int64Type);
        Text(tensor, 8, name);
        Bytes(tensor, 9, MemoryMarshal.AsBytes(values.AsSpan()));
        Message(graph, 5, tensor);
    }

    private void Node(string op, string output, params string[] inputs)
    {
        var node = new ArrayBufferWriter<byte>();
        foreach (var input in inputs)
            Text(node, 1, input);
        Text(node, 2, output);
        Text(node, 4, op);
        Message(graph, 1, node);
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

    /// <summary>The same ONNX file with a further entry in its metadata (field 14 of ModelProto).</summary>
    public static byte[] WithMetadata(byte[] file, string key, string value)
    {
        var entry = new ArrayBufferWriter<byte>();
        Text(entry, 1, key);
        Text(entry, 2, value);
        var tail = new ArrayBufferWriter<byte>();
        Message(tail, 14, entry);
        return [.. file, .. tail.WrittenSpan];
    }

    /// <summary>A bundle folder around a graph.</summary>
    public static string Bundle(byte[] graph, string folder, string precision = "fp32", string extra = "", string members = "")
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "m.onnx"), graph);
        File.WriteAllText(
            Path.Combine(folder, "model.json"),
            $$"""
            {"v":1,"name":"test","version":1,"kind":"squeezesam","weights_licence":"none",{{members}}
             "graphs":[{"role":"segmenter","precision":"{{precision}}","file":"m.onnx","bytes":{{graph.Length}},
             "sha256":"{{Convert.ToHexStringLower(
                SHA256.HashData(graph)
            )}}"{{extra}}}]}
            """
        );
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
        for (; value >= 0x80; value >>= 7)
            s.Write([(byte)(value | 0x80)]);
        s.Write([(byte)value]);
    }
}
