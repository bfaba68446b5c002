"""Writing ONNX files: one call for torch 1.13 and torch 2, atomic."""
import inspect
import os
import pathlib
import warnings

import onnx
import torch

OPSET = 17


def write(module, inputs, path, input_names, output_names, dynamic_axes=None, output_shapes=None):
    """Exports `module` called with the tuple `inputs` to `path` (opset 17, TorchScript exporter) and checks the graph.

    `output_shapes` names an output's axes where the exporter does not know them: name -> list of numbers and axis names.
    Raises onnx.checker.ValidationError when the exported graph is broken, OSError when the file cannot be written.
    """
    path = pathlib.Path(path)
    part = path.with_name(path.name + ".part")
    options = dict(opset_version=OPSET, do_constant_folding=True, input_names=input_names, output_names=output_names,
                   dynamic_axes=dynamic_axes or {})
    # torch 2 chooses another exporter by default, which writes another graph
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of each shape that it takes for a constant; the tests compare the values
        torch.onnx.export(module.eval(), inputs, str(part), **options)
    model = onnx.load(str(part))
    for output in model.graph.output:
        for dim, value in zip(output.type.tensor_type.shape.dim, (output_shapes or {}).get(output.name, [])):
            dim.CopyFrom(onnx.TensorShapeProto.Dimension(**{"dim_value" if isinstance(value, int) else "dim_param": value}))
    save(model, path)
    part.unlink(missing_ok=True)


def save(model, path):
    """Writes a checked graph whole or not at all."""
    path = pathlib.Path(path)
    onnx.checker.check_model(model)
    part = path.with_name(path.name + ".part")
    onnx.save(model, str(part))
    os.replace(part, path)
