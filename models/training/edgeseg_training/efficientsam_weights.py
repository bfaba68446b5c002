"""EfficientSAM's weights by name: the published files, checkpoints of `train`, encoders of `pretrain`."""
from . import UserError, checkpoints
from .efficientsam import EfficientSAM
from .promptable import is_encoder


def load_published(model: EfficientSAM, path):
    """Loads a whole model from a file of `torch.save`: the tensors, or {"model": tensors}, as published; or a checkpoint of `train`.

    Raises UserError that names missing, unknown and differently shaped tensors.
    """
    load(model, checkpoints.weights(checkpoints.read(path), path), path, may_lack_decoder=False)


def load(model: EfficientSAM, state: dict, path, may_lack_decoder: bool = True):
    """Loads a table of tensors. With `may_lack_decoder` it may be a pre-trained encoder: patches, positions and blocks alone."""
    wanted = model.state_dict()
    if may_lack_decoder and state and all(is_encoder(name) for name in state):
        wanted = {name: value for name, value in wanted.items() if is_encoder(name)}
        print(f"{path}: the encoder is loaded; neck, prompt encoder and mask decoder are random")
    missing, unknown = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    shapes = [f"{name} {tuple(state[name].shape)} instead of {tuple(wanted[name].shape)}"
              for name in sorted(wanted.keys() & state.keys()) if state[name].shape != wanted[name].shape]
    if missing or unknown or shapes:
        parts = [f"{text}: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''} ({len(names)})"
                 for text, names in (("missing", missing), ("unknown", unknown), ("of another shape", shapes)) if names]
        raise UserError(f"{path}: these weights do not belong to this model. {'; '.join(parts)}. Choose the sizes of the file (Ti or S).")
    model.load_state_dict({name: value.float() for name, value in state.items()}, strict=False)
