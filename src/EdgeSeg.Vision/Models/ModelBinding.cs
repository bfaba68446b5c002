using Microsoft.ML.OnnxRuntime;

namespace EdgeSeg.Vision.Models;

/// <summary>
/// A graph's inputs and outputs, bound to memory of ours once and then filled and read in place. ONNX Runtime copies an input for a
/// provider with memory of its own when it is bound, not when the graph runs: so with such a provider each input is bound again before each
/// run; else every run would see the first picture.
/// </summary>
internal sealed class ModelBinding : IDisposable
{
    private readonly OrtIoBinding binding;
    private readonly List<(string Name, OrtValue Value)>? inputs;

    /// <param name="binding">Owned from here on.</param>
    /// <param name="ownMemory">See <see cref="ExecutionProvider.OwnMemory"/>.</param>
    public ModelBinding(OrtIoBinding binding, bool ownMemory)
    {
        this.binding = binding;
        inputs = ownMemory ? [] : null;
    }

    /// <summary>Binds an input, or another value to an input that is bound already.</summary>
    public void BindInput(string name, OrtValue value)
    {
        if (inputs is null)
        {
            binding.BindInput(name, value);
            return;
        }

        inputs.RemoveAll(i => i.Name == name);
        inputs.Add((name, value));
    }

    public void BindOutput(string name, OrtValue value) => binding.BindOutput(name, value);

    /// <summary>Leaves the output's memory to the runtime: for graphs that do not state its shape.</summary>
    public void BindOutput(string name) => binding.BindOutputToDevice(name, OrtMemoryInfo.DefaultInstance);

    /// <summary>Of the last run, in the order of binding.</summary>
    public IDisposableReadOnlyCollection<OrtValue> Outputs() => binding.GetOutputValues();

    /// <exception cref="OnnxRuntimeException">The graph fails, or the run was cancelled.</exception>
    public void Run(InferenceSession session, RunOptions options)
    {
        if (inputs is not null)
        {
            foreach (var (name, value) in inputs)
                binding.BindInput(name, value);
            binding.SynchronizeBoundInputs();
        }

        session.RunWithBinding(options, binding);
        if (inputs is not null)
            binding.SynchronizeBoundOutputs();
    }

    public void Dispose() => binding.Dispose();
}
