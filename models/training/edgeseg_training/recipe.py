"""Recipes: one TOML file says how one model is made. Every key is checked; a wrong one is a UserError that names it."""
import dataclasses
import difflib
import glob
import os
import pathlib
import tomllib
import typing

from . import UserError, networks
from .licences import CLASSES


@dataclasses.dataclass(frozen=True)
class Source:
    """Where photographs come from: a reader of `datasets` and a path, which may hold $VARIABLES and * patterns."""

    path: str
    format: str = "shards"
    options: dict = dataclasses.field(default_factory=dict)  # passed to the reader
    leave_out: dict = dataclasses.field(default_factory=dict)  # set -> share (0..1) of its photographs that is not read
    only: dict = dataclasses.field(default_factory=dict)  # set -> share: that share and nothing else, what `leave_out` leaves
    rename: str = ""  # the name of the set that all photographs of the source get


@dataclasses.dataclass(frozen=True)
class Data:
    """Which photographs are used, how often, and in which form they are kept in memory."""

    licences: tuple[str, ...] = ("permissive",)  # classes of `licences.CLASSES`
    exclude: tuple[str, ...] = ()  # sets left out whatever their licence
    weights: dict = dataclasses.field(default_factory=dict)  # set -> share of the samples
    default_weight: float = 0.2  # of sets that `weights` does not name
    saliency_weights: dict = dataclasses.field(default_factory=dict)  # the same for the saliency samples
    side: int = 320  # longest side of a kept photograph, pixels
    decoded: bool = False  # keep pixels, not JPEG files: 230 kB more a photograph, twice the speed of preparation


@dataclasses.dataclass(frozen=True)
class Mix:
    """Shares of the kinds of samples."""

    click: float = 6  # clicks, view of the whole frame or most of it
    crop_click: float = 7  # clicks, crop around the object
    box: float = 7  # a box, half of them on a crop
    saliency: float = 4  # no prompt, the target stands out
    empty: float = 1  # no prompt, nothing stands out


@dataclasses.dataclass(frozen=True)
class Augment:
    """Probabilities of the augmentations; 0 switches one off."""

    merge: float = 0.3  # of parts and regions: a mask joined with its neighbours
    outlier: float = 0.2  # of prompts of three clicks or more: one click off the object
    crop: float = 1.0  # of crop_click samples: cropped around the object (else a wide view)
    negative: float = 0.3  # of clicks: one or two negative clicks
    paste: float = 0.25  # of saliency samples: the object on another background
    shape: float = 0.1  # of saliency samples: an ellipse or a polygon on a background instead of a photograph
    flip: float = 0.5
    colour: float = 0.8  # brightness, contrast, saturation, hue
    grey: float = 0.05
    blur: float = 0.1
    noise: float = 0.1
    jpeg: float = 0.1
    rotate: float = 0.0  # of wide views: up to 20 degrees
    crop_from: float = 1.2  # a crop's side, in sides of the object
    crop_to: float = 2.4


@dataclasses.dataclass(frozen=True)
class Loss:
    """Weights of the terms."""

    focal: float = 4.0
    bce: float = 0.5
    dice: float = 1.0
    mean: float = 0.1  # the three masks' mean beside the best one
    iou: float = 1.0  # squared error of the predicted IoU
    ranking: float = 0.5  # pairs of masks that the predicted IoU puts in the wrong order
    saliency: float = 1.0
    empty: float = 1.0


@dataclasses.dataclass(frozen=True)
class Train:
    """The course of the training. The length is `samples`, unless --budget-minutes is given."""

    samples: int = 100_000
    batch: int = 24
    size: int = 256
    encoder_rate: float = 3e-4
    rate: float = 1.2e-3
    last_rate: float = 0.02  # the schedule's end, as a share of the rate
    warmup: float = 0.02  # share of the length
    decay: float = 0.01
    clip: float = 1.0  # largest gradient norm
    ema: float = 0.998
    early_dropout: float = 0.0  # share of samples without early planes
    fix_norms: bool = True  # the encoder's BatchNorm
    fix_depthwise: bool = True  # the encoder's depthwise weights
    fix_encoder: bool = False  # the encoder, but for an EfficientSAM's neck: less than half the time a step, for small sets
    workers: int = 1
    threads: int = 2  # of torch on a CPU
    checkpoint_minutes: float = 3.0
    validate_minutes: float = 10.0
    validate_samples: int = 240
    evaluate_photos: int = 60  # of the validation sources, at the end, by the protocol of `evaluate`
    seed: int = 1


@dataclasses.dataclass(frozen=True)
class Pretrain:
    """Masked pre-training of an EfficientSAM's encoder (`pretrain`, sami.py). What is not here is as [train] says."""

    target: str = "teacher"  # "teacher": another encoder's features (SAMI); "pixels": the patches themselves (MAE)
    teacher: str = ""  # its file (teachers.py)
    teacher_side: int = 0  # side of the picture that it gets; 0 = train.size
    masked: float = 0.75  # share of the patches that the encoder does not see
    decoder_depth: int = 2
    normalise: bool = True  # each of the teacher's feature vectors to mean 0 and variance 1
    samples: int = 100_000
    batch: int = 64
    rate: float = 5e-4


SECTIONS = {"network": None, "data": Data, "mix": Mix, "augment": Augment, "loss": Loss, "train": Train, "pretrain": Pretrain}


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A whole recipe. `cuda` has been applied where it was asked for."""

    name: str
    path: pathlib.Path
    start: str  # checkpoint or backbone that training starts from; "" = nothing
    sources: list[Source]
    validation: list[Source]
    network: object  # the form of `networks` that its key `kind` chooses
    data: Data
    mix: Mix
    augment: Augment
    loss: Loss
    train: Train
    pretrain: Pretrain
    ablate: dict  # the table of variants that `ablate` reads


def load(path, cuda: bool = False, changes: dict | None = None) -> Recipe:
    """Reads a recipe. `cuda` applies its [cuda.*] tables; `changes` ({section: {key: value}}) come last."""
    path = pathlib.Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"the recipe {path} cannot be read ({error.strerror}). Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}. Correct the TOML.") from None
    known = {"name", "start", "source", "validation", "cuda", "ablate", *SECTIONS}
    refuse_unknown(table, known, str(path), "")
    overlay = table.get("cuda", {}) if cuda else {}
    refuse_unknown(table.get("cuda", {}), set(SECTIONS), str(path), "cuda.")
    sections = {}
    for name, kind in SECTIONS.items():
        parts = [(f"{prefix}{name}.", part.get(name, {})) for prefix, part in (("", table), ("cuda.", overlay), ("", changes or {}))]
        if name == "network":
            kind, parts = network_kind(parts, str(path))
        for prefix, part in parts:
            refuse_unknown(part, fields_of(kind), str(path), prefix)
        sections[name] = section(kind, {key: value for _, part in parts for key, value in part.items()}, str(path), name)
    if hasattr(sections["network"], "image"):
        sections["network"] = dataclasses.replace(sections["network"], image=sections["train"].size)
    check(sections, str(path))
    return Recipe(
        name=table.get("name", path.stem),
        path=path,
        start=table.get("start", ""),
        sources=[source(each, str(path), "source") for each in table.get("source", [])],
        validation=[source(each, str(path), "validation") for each in table.get("validation", [])],
        ablate=table.get("ablate", {}),
        **sections,
    )


def network_kind(parts: list[tuple[str, dict]], file: str):
    """The dataclass that the key `kind` of the [network] tables names, the last one in force, and the tables without the key."""
    kind = networks.SQUEEZESAM
    for prefix, part in parts:
        refuse_unknown(part, part, file, prefix)  # refuses what is no table
        kind = part.get("kind", kind)
    if not isinstance(kind, str) or kind not in networks.KINDS:
        raise UserError(f"{file}: 'network.kind' is {kind!r}, but must be one of: {', '.join(networks.KINDS)}.")
    return networks.KINDS[kind][0], [(prefix, {key: part[key] for key in part if key != "kind"}) for prefix, part in parts]


def fields_of(kind) -> set[str]:
    """The keys of a table. The picture's side and the number of masks are no choices of a [network] table."""
    return {field.name for field in dataclasses.fields(kind)} - {"image", "masks"}


def refuse_unknown(table: dict, known, file: str, prefix: str):
    """UserError for the first key that is not known, with the nearest known one."""
    if not isinstance(table, dict):
        raise UserError(f"{file}: '{prefix.rstrip('.')}' is not a table. Write [{prefix.rstrip('.')}] above its keys.")
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            remedy = f"Did you mean '{near[0]}'?" if near else f"Known keys: {', '.join(sorted(known))}."
            raise UserError(f"{file}: the key '{prefix}{key}' is unknown. {remedy}")


def section(kind, values: dict, file: str, name: str):
    """One table as its dataclass, with every value's type checked."""
    types = typing.get_type_hints(kind)
    return kind(**{key: convert(value, types[key], file, f"{name}.{key}") for key, value in values.items()})


def convert(value, kind, file: str, key: str):
    """The value as the field's type. Raises UserError when it has another."""
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)
        fits = isinstance(value, list) and all(isinstance(each, inner[0]) for each in value)
        if fits and (inner[-1] is Ellipsis or len(value) == len(inner)):
            return tuple(value)
    elif kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", dict: "a table"}
    wanted = names.get(kind, "a list of texts" if kind == tuple[str, ...] else "a list of as many whole numbers as the default has")
    raise UserError(f"{file}: '{key}' is {value!r}, but must be {wanted}.")


def check(sections: dict, file: str):
    """Ranges, which types do not say."""
    train, data, augment, pretrain = (sections[name] for name in ("train", "data", "augment", "pretrain"))
    rules = [
        (train.size % 32 == 0 and 64 <= train.size <= 1024, "train.size", "a multiple of 32 from 64 to 1024"),
        (train.batch >= 1, "train.batch", "at least 1"),
        (train.samples >= 1, "train.samples", "at least 1"),
        (train.workers >= 0, "train.workers", "0 or more"),
        (0 <= train.ema < 1, "train.ema", "at least 0 and below 1"),
        (pretrain.target in ("teacher", "pixels"), "pretrain.target", "\"teacher\" or \"pixels\""),
        (0.05 <= pretrain.masked <= 0.95, "pretrain.masked", "from 0.05 to 0.95"),
        (pretrain.samples >= 1 and pretrain.batch >= 1, "pretrain.samples", "at least 1, as pretrain.batch"),
        (pretrain.decoder_depth >= 1, "pretrain.decoder_depth", "at least 1"),
        (pretrain.teacher_side >= 0, "pretrain.teacher_side", "0 or more"),
        (data.side >= 64, "data.side", "at least 64"),
        (all(each in CLASSES for each in data.licences), "data.licences", f"a list of: {', '.join(CLASSES)}"),
        (1 <= augment.crop_from <= augment.crop_to, "augment.crop_from", "at least 1 and at most crop_to"),
        (sum(vars(sections["mix"]).values()) > 0 and min(vars(sections["mix"]).values()) >= 0, "mix", "shares of 0 or more, not all 0"),
    ]
    rules += [(0 <= value <= 1, f"augment.{key}", "from 0 to 1") for key, value in vars(augment).items() if not key.startswith("crop_")]
    rules += [(isinstance(value, (int, float)) and value >= 0, f"data.weights.{key}", "a number of 0 or more")
              for table in (data.weights, data.saliency_weights) for key, value in table.items()]
    rules += networks.rules(sections["network"], sections)
    for holds, key, rule in rules:
        if not holds:
            raise UserError(f"{file}: '{key}' must be {rule}.")


def source(table: dict, file: str, name: str) -> Source:
    """One [[source]] table; keys that are not the source's own are options of its reader."""
    own = {key: value for key, value in table.items() if key in fields_of(Source) - {"options"}}
    if not isinstance(own.get("path"), str):
        raise UserError(f"{file}: a [[{name}]] has no 'path'. Give the file or folder.")
    for key in ("leave_out", "only"):
        shares = own.get(key, {})
        if not isinstance(shares, dict) or not all(isinstance(each, (int, float)) and 0 <= each <= 1 for each in shares.values()):
            raise UserError(f"{file}: '{name}.{key}' must be a table of shares from 0 to 1: {{ coco_person = 0.1 }}.")
    if not isinstance(own.get("rename", ""), str):
        raise UserError(f"{file}: '{name}.rename' must be a text.")
    return Source(options={key: value for key, value in table.items() if key not in own}, **own)


def paths(path: str) -> list[str]:
    """A source's files: variables and ~ replaced, patterns expanded. Raises UserError when nothing is there."""
    full = os.path.expanduser(os.path.expandvars(path))
    if "$" in full:
        raise UserError(f"the variable in the path {path} is not set. Set it, for example: export EDGESEG_DATA=/data/photographs")
    found = sorted(glob.glob(full)) if glob.has_magic(full) else [full]
    if not found:
        raise UserError(f"nothing matches the path {full}. Check the recipe's sources.")
    return found
