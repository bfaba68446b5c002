using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// A dense tensor in native memory (64-byte aligned), seen by ONNX Runtime as <see cref="Value"/> and by callers as a span: written and
/// read in place, bound once, never copied. Owns its memory.
/// </summary>
internal sealed unsafe class Tensor<T> : IDisposable
    where T : unmanaged
{
    private T* data;

    public Tensor(TensorElementType type, params long[] shape)
    {
        Shape = shape;
        Length = checked((int)shape.Aggregate(1L, (a, b) => a * b));
        var bytes = (nuint)Length * (nuint)sizeof(T);
        data = (T*)NativeMemory.AlignedAlloc(Math.Max(bytes, 64), 64);
        NativeMemory.Clear(data, bytes);
        Value = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type, shape, (nint)data, (long)bytes);
    }

    public long[] Shape { get; }

    /// <summary>Number of elements.</summary>
    public int Length { get; }

    public OrtValue Value { get; }

    public nint Pointer => (nint)data;

    public Span<T> Span => new(data, Length);

    public void Dispose()
    {
        if (data is null)
            return;
        Value.Dispose();
        NativeMemory.AlignedFree(data);
        data = null;
    }
}
