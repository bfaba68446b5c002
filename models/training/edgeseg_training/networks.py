"""The networks that a recipe can choose: the one place where a [network] table becomes a form, and a form a network.

A form is a frozen dataclass of sizes. A network is a module with
    forward(image [B,3,S,S] float BGR 0..255, points [B,6,3], shown=None) -> logits [B,3 or 4,S/2,S/2], predicted IoU [B,3];
        the fourth mask, where there is one, is the saliency map;
    embed(image), answer(embedding, points): `forward` in two steps, so that one picture answers several prompts;
    form: its form; knows_negative: whether it has learned negative clicks;
    fix(train): takes the parts from training that a recipe's [train] fixes;
    rate_of(name, train), decays(name): a parameter's learning rate, and whether its weight decays.
"""
import dataclasses

from . import UserError
from .efficientsam import Sizes
from .network import Form, SqueezeSAM
from .promptable import Promptable

# kind in a recipe -> form, network
KINDS = {"squeezesam": (Form, SqueezeSAM), "efficientsam": (Sizes, Promptable)}
SQUEEZESAM, EFFICIENTSAM = KINDS


def kind_of(form) -> str:
    """The kind that a form belongs to."""
    return next(name for name, (known, _) in KINDS.items() if isinstance(form, known))


def make(form):
    """A network of this form with random weights."""
    return KINDS[kind_of(form)][1](form)


def shapes(form) -> dict:
    """Names and shapes of the weights of a network of this form."""
    return {name: tuple(value.shape) for name, value in make(form).state_dict().items()}


def to_table(form) -> dict:
    """A form as a checkpoint keeps it."""
    return {"kind": kind_of(form), **vars(form)}


def from_table(table: dict, side: int = 0):
    """The form of a checkpoint's table; tables without a kind are of a SqueezeSAM. `side` is another side of EfficientSAM's picture.

    Raises UserError for a table of another version.
    """
    table = dict(table)
    kind = table.pop("kind", SQUEEZESAM)
    try:
        form = KINDS[kind][0](**table)
    except (KeyError, TypeError) as error:
        raise UserError(f"the checkpoint's network is of an unknown kind or form ({error}). Use the version that wrote it.") from None
    return dataclasses.replace(form, image=side) if side and kind == EFFICIENTSAM else form


def side_of(form, side: int = 0) -> int:
    """The side of the picture that a network gets: EfficientSAM's own, else `side`, else 256."""
    return form.image if kind_of(form) == EFFICIENTSAM else side or 256


def rules(form, sections: dict) -> list[tuple[bool, str, str]]:
    """What a recipe with this form must hold, beyond types: (holds, key, rule)."""
    if kind_of(form) == SQUEEZESAM:
        return []
    mix, augment, train = sections["mix"], sections["augment"], sections["train"]
    no_map, positive = "0: an EfficientSAM has no saliency map", "at least 1"
    found = [(getattr(form, key) >= 1, f"network.{key}", positive)
             for key in ("patch", "width", "heads", "depth", "embedding", "decoder_depth", "decoder_heads", "decoder_mlp", "iou_hidden")]
    if not all(holds for holds, _, _ in found):
        return found
    return found + [
        (train.size % form.patch == 0, "train.size", f"a multiple of network.patch ({form.patch})"),
        (form.width % form.heads == 0, "network.width", "a multiple of network.heads"),
        (form.embedding % (2 * form.decoder_heads) == 0, "network.embedding", "a multiple of twice network.decoder_heads"),
        (mix.saliency == 0, "mix.saliency", no_map),
        (mix.empty == 0, "mix.empty", no_map),
        (augment.negative == 0, "augment.negative", "0: an EfficientSAM knows no negative clicks"),
        (train.early_dropout == 0, "train.early_dropout", "0: an EfficientSAM has no prompt planes"),
    ]
