"""`train`: trains a network by a recipe, from the start or from where a run was stopped."""
import collections
import dataclasses
import datetime
import os
import pathlib
import signal

import torch

from . import UserError, checkpoints, datasets, evaluate, losses, networks, recipe as recipes, reports, sampling, segment, sources, store
from . import workers
from .state import Clock, State, as_image, autocast, choose_device, commit, seed_everything, start_network, to_device

LOG_SAMPLES = 2400  # samples between two entries of the log
SHEET = 24  # samples of a sheet of overlays
VALIDATION_SEED = 1_000_003
SMOOTH_STEPS = 50  # steps that the progress line's speed is measured over


def configure(parser):
    """The command's options."""
    parser.add_argument("recipe", help="TOML file")
    parser.add_argument("--out", required=True, help="folder of the run: checkpoints, log, curves, overlays")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out, exactly")
    parser.add_argument("--start", default="", help="checkpoint or backbone to start from, instead of the recipe's")
    parser.add_argument("--budget-minutes", type=float, metavar="N",
                        help="stop after this many minutes of training; the schedule fits itself to them (with --resume: as before)")
    parser.add_argument("--steps", type=int, help="stop after this many steps of this call; the schedule stays")
    parser.add_argument("--evaluate-photos", type=int, help="photographs to evaluate at the end, instead of the recipe's number")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--measure", type=int, metavar="STEPS", help="measure samples a second with and without the network, and end")


def run(arguments) -> int:
    """Runs the command."""
    device = choose_device(arguments.device)
    changes = {} if arguments.evaluate_photos is None else {"train": {"evaluate_photos": arguments.evaluate_photos}}
    recipe = recipes.load(arguments.recipe, cuda=device.type == "cuda", changes=changes)
    if arguments.measure:
        return measure(recipe, device, arguments.measure, arguments.start)
    training = Training(recipe, device, pathlib.Path(arguments.out), arguments.start, arguments.resume, arguments.budget_minutes)
    training.run(arguments.steps)
    training.report_rest()
    return 0


def load_photos(sources, data, what: str) -> list:
    """The photographs of the sources, with a line on what was left out."""
    photos, problems, left_out = store.load(sources, data)
    print(f"{what}: {len(photos)} photographs of {len({photo.set for photo in photos})} sets")
    for line in problems.lines():
        print(f"  {line}")
    reasons: dict[str, list[str]] = {}
    for (name, reason), count in sorted(left_out.items()):
        reasons.setdefault(reason, []).append(f"{name} ({count})")
    for reason, names in reasons.items():
        print(f"  left out, {reason}: {', '.join(names)}")
    return photos


class Training:
    """One run: reads the data, trains, validates, writes checkpoints."""

    def __init__(self, recipe, device, out: pathlib.Path, start="", resume=False, budget_minutes=None, photos=None, validation=None,
                 validates=True):
        self.recipe, self.device, self.out = recipe, device, out
        out.mkdir(parents=True, exist_ok=True)
        checkpoint = out / "checkpoint.pt"
        if resume and not checkpoint.exists():
            raise UserError(f"there is no run to resume in {out} (no checkpoint.pt). Leave out --resume to start one.")
        if checkpoint.exists() and not resume:
            raise UserError(f"{out} already holds a run. Continue it with --resume, or name another --out.")
        if device.type == "cpu":
            torch.set_num_threads(recipe.train.threads)
        seed_everything(recipe.train.seed)
        network = self.make_network(start, resume)
        self.photos = photos if photos is not None else load_photos(recipe.sources, recipe.data, "training")
        self.sampler = self.make_sampler()
        self.validates = validates
        self.validation = self.make_validation(validation) if validates else None
        self.state = State(recipe, device, network)
        if resume:
            self.state.take_up(checkpoint)
        self.state.budget = budget_minutes or self.state.budget
        self.log = reports.Log(out / "log.jsonl", self.state.samples)
        self.is_stopping = False

    def make_network(self, start: str, resume: bool):
        """The network that is trained. A run that continues needs no start: its checkpoint has the weights."""
        return networks.make(self.recipe.network) if resume else start_network(self.recipe, start)

    def make_sampler(self):
        """What makes the samples of the training photographs."""
        return sampling.Sampler(self.photos, self.recipe)

    def make_validation(self, photos):
        """The sampler of the validation photographs, without augmentation; None when the recipe names none."""
        if photos is None and not self.recipe.validation:
            return None
        # validation photographs train nothing: no licence keeps them out
        data = dataclasses.replace(
            self.recipe.data, licences=tuple(recipes.CLASSES), exclude=(), weights={}, saliency_weights={}, default_weight=1)
        plain = {field.name: 0.0 for field in dataclasses.fields(recipes.Augment) if not field.name.startswith("crop")}
        augment = dataclasses.replace(self.recipe.augment, **plain)
        train = dataclasses.replace(self.recipe.train, seed=VALIDATION_SEED)
        fixed = dataclasses.replace(self.recipe, data=data, augment=augment, train=train)
        photos = photos if photos is not None else load_photos(self.recipe.validation, data, "validation")
        return sampling.Sampler(photos, fixed)

    def progress(self) -> float:
        """0..1 of the run's length."""
        if self.state.budget:
            return self.state.seconds / (self.state.budget * 60)
        return self.state.samples / self.recipe.train.samples

    def run(self, steps: int | None = None):
        """Trains to the end of the length, or for `steps` steps. A stop signal ends it after the present step."""
        train, state = self.recipe.train, self.state
        previous = {each: signal.signal(each, self.stop) for each in (signal.SIGINT, signal.SIGTERM)}
        # forked processes prepare samples only: they never touch CUDA
        batches = workers.Batches(self.sampler, train.batch, state.samples, train.workers)
        try:
            self.loop(batches, steps)
        finally:
            batches.close()
            for each, handler in previous.items():
                signal.signal(each, handler)
        self.save()
        if self.progress() >= 1 and self.validates:
            self.validate()
            self.evaluate()
        speed = state.samples / max(1e-6, state.seconds)
        print(f"{state.samples} samples in {reports.duration(state.seconds)}, {speed:.1f} samples/s; weights: {self.weights_file()}")

    def report_rest(self):
        """Says how a run that was stopped goes on."""
        if self.progress() < 1:
            print(f"stopped at {self.progress():.0%} of the run; the same command with --resume continues it")

    def stop(self, *_):
        """Asks the loop to end."""
        self.is_stopping = True

    def loop(self, batches, steps):
        """Steps until the end."""
        train, state = self.recipe.train, self.state
        means, bar, clock, before = reports.Means(), reports.Progress(), Clock(), state.seconds
        saved = validated = before
        taken, logged, latest = 0, state.samples // LOG_SAMPLES, {}
        recent = collections.deque([(state.samples, before)], maxlen=SMOOTH_STEPS)
        while self.progress() < 1 and not self.is_stopping and (steps is None or taken < steps):
            share = state.set_rate(self.progress())
            batch = to_device(next(batches), self.device)
            loss, parts = self.step(batch)
            if not taken % 10:
                self.refuse_nan(loss)
            self.note(means, loss, parts, batch)
            taken += 1
            state.seconds = before + clock.seconds()
            if state.samples // LOG_SAMPLES > logged or self.progress() >= 1:
                logged, latest = state.samples // LOG_SAMPLES, means.take()
                self.log.add(kind="train", samples=state.samples, seconds=round(state.seconds, 1), rate=share, **latest)
            recent.append((state.samples, state.seconds))
            speed = (recent[-1][0] - recent[0][0]) / max(1e-6, recent[-1][1] - recent[0][1])
            left = state.budget * 60 - state.seconds if state.budget else (train.samples - state.samples) / speed
            bar.show(state.seconds, min(1, self.progress()), speed, max(0, left), latest)
            if state.seconds - saved > train.checkpoint_minutes * 60:
                self.save()
                saved = state.seconds
            if self.validates and state.seconds - validated > train.validate_minutes * 60:
                self.validate()
                validated = state.seconds = before + clock.seconds()
        bar.end()

    def step(self, batch: dict):
        """One step of the optimizer; the loss and its parts."""
        train, state = self.recipe.train, self.state
        shown = None
        if train.early_dropout > 0:
            # by the sample's number, so that a resumed run drops the same ones
            shown = (torch.rand(train.batch, generator=state.generator()) >= train.early_dropout).to(self.device)
        with autocast(self.device):
            logits, predicted = state.network(as_image(batch["image"]), batch["points"], shown)
        loss, parts = losses.loss(logits, predicted, batch["target"], batch["kind"], self.recipe.loss)
        self.descend(loss)
        return loss, parts

    def descend(self, loss):
        """The optimizer's step, the average's and the counters'."""
        train, state = self.recipe.train, self.state
        state.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), train.clip)
        state.optimizer.step()
        state.average.update(state.network)
        state.samples += train.batch
        state.steps += 1

    def note(self, means, loss, parts, batch):
        """Adds the step's figures."""
        reports.figures(means, loss, parts, batch["kind"])

    @staticmethod
    def refuse_nan(loss):
        """Ends a run that can no longer learn."""
        if not torch.isfinite(loss):
            raise UserError("the loss is not a number any more. Resume from the last checkpoint with a lower train.rate.")

    def save(self):
        """Writes the run's checkpoint, the averaged weights and the curves."""
        self.state.write(self.out / "checkpoint.pt")
        cpu = {name: value.cpu() for name, value in self.state.average.state.items()}
        facts = {"samples": self.state.samples, "seconds": round(self.state.seconds, 1), "recipe": self.recipe.name,
                 "recipe_text": self.recipe.path.read_text(encoding="utf-8"), "commit": commit(), "size": self.recipe.train.size,
                 "date": datetime.date.today().isoformat(), "sets": self.counts()}
        self.write_weights(cpu, facts)
        reports.draw_curves(reports.read_log(self.out / "log.jsonl"), self.out / "curves.png")

    def write_weights(self, state: dict, facts: dict):
        """The averaged weights alone, for use and for --start."""
        checkpoints.write_weights(self.weights_file(), state, self.recipe.network, facts)

    def weights_file(self) -> pathlib.Path:
        """Where they are."""
        return self.out / "weights-fp16.pt"

    def counts(self) -> dict[str, list]:
        """Set -> photographs and licence, for the card."""
        found: dict[str, list] = {}
        for photo in self.photos:
            found.setdefault(photo.set, [0, photo.licence])[0] += 1
        return found

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Figures of the averaged weights on fixed samples of the validation photographs, and a sheet of overlays."""
        network, sampler = self.state.averaged(), self.validation or self.sampler
        reports.sheet(network, sampler, range(SHEET), self.out / f"overlays-{self.state.samples}.jpg", self.device)
        if self.validation is None:
            return {}  # figures of the training photographs would look like a validation's
        means, size = reports.Means(), min(24, self.recipe.train.batch)
        with workers.Batches(sampler, size, 0, 0) as batches:
            for _ in range(max(1, self.recipe.train.validate_samples // size)):
                batch = to_device(next(batches), self.device)
                with autocast(self.device):
                    logits, predicted = network(as_image(batch["image"]), batch["points"])
                loss, parts = losses.loss(logits, predicted, batch["target"], batch["kind"], self.recipe.loss)
                reports.figures(means, loss, parts, batch["kind"])
        found = means.take()
        self.log.add(kind="validation", samples=self.state.samples, seconds=round(self.state.seconds, 1), **found)
        print("\nvalidation: " + " ".join(f"{name} {value:.3f}" for name, value in found.items()), flush=True)
        return found

    def evaluate(self):
        """Figures of the averaged weights by the protocol of `evaluate`, on some of the validation photographs."""
        limit, problems = self.recipe.train.evaluate_photos, datasets.Problems()
        if not limit:
            return
        records = list(sources.read(self.recipe.validation, problems))
        if not records:
            return
        segmenter = segment.Segmenter(*segment.network_runner(self.state.averaged(), self.recipe.train.size))
        figures = evaluate.evaluate(segmenter, records, limit, problems)
        self.log.add(kind="evaluation", samples=self.state.samples, photographs=min(limit, len(records)), figures=figures)
        print(evaluate.table(figures), flush=True)


def measure(recipe, device, steps: int, start: str) -> int:
    """Prints samples a second of the preparation alone, of the network alone, and of both."""
    if device.type == "cpu":
        torch.set_num_threads(recipe.train.threads)
    sampler = sampling.Sampler(load_photos(recipe.sources, recipe.data, "training"), recipe)
    size, processes = recipe.train.batch, recipe.train.workers
    total = steps * size
    with workers.Batches(sampler, size, 0, processes) as batches:
        arrays = {name: array.copy() for name, array in next(batches).items()}
        clock = Clock()
        for _ in range(steps):
            next(batches)
        alone = total / clock.seconds()
    state = State(recipe, device, start_network(recipe, start))
    training = Training.__new__(Training)
    training.recipe, training.device, training.state = recipe, device, state
    rates = {}
    with workers.Batches(sampler, size, 0, processes) as batches:
        for name, source in (("network alone", None), ("both", batches)):
            training.step(to_device(arrays, device))
            clock = Clock()
            for _ in range(steps):
                loss, _ = training.step(to_device(arrays if source is None else next(source), device))
            loss.item()
            rates[name] = total / clock.seconds()
    print(f"preparation alone ({max(1, processes)} processes, {os.cpu_count()} cores): {alone:.1f} samples/s")
    for name, rate in rates.items():
        print(f"{name}: {rate:.1f} samples/s")
    is_fast = alone > rates["network alone"] * 1.2
    print("the network is the bottleneck" if is_fast else "the preparation is the bottleneck: raise train.workers or set data.decoded")
    return 0
