"""One network on its way through the schedule: alone or with other processes, and after a stop."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from matops.core.errors import BadInput
from matops.core.learning.checkpoint import Checkpoint, Checkpoints, TrainingStopped
from matops.core.learning.features import PackedFeatures
from matops.core.learning.ranks import Ranks
from matops.core.learning.training import (
    LOSSES,
    Answer,
    EpochLog,
    LearnsBeside,
    WeighsAxes,
    by_axis,
    choose_device,
)
from matops.core.learning.training_config import TrainingConfig
from matops.core.learning.transfer import freeze, load_start, open_stages, stages
from matops.core.progress import Progress

ORDER, PROCESS, DEVICE = "random/order", "random/process", "random/device"
"""States of random numbers: of the order of rows, of this process and of its GPU."""


@contextmanager
def _deterministic(seed: int) -> Iterator[None]:
    """Seed everything, and leave the process's own random state as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        before = torch.are_deterministic_algorithms_enabled()
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before)


def _batches(n_rows: int, size: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Shuffled batches; the rest that is too small for batch statistics joins the last one."""
    order = torch.randperm(n_rows, generator=generator)
    return torch.tensor_split(order, max(1, round(n_rows / size)))


def fit_member(
    build: Callable[[], nn.Module],
    features: PackedFeatures,
    standard_targets: Answer,
    config: TrainingConfig,
    member: int = 0,
    progress: Progress | None = None,
    start: Mapping[str, Tensor] | None = None,
    checkpoints: Checkpoints | None = None,
) -> tuple[nn.Module, list[EpochLog]]:
    """Train one network, together with all processes that this one has joined.

    ``build`` makes a fresh network, and is called under the seed, which ``member`` shifts. The
    ``standard_targets`` are float32, in the form of the network's answers. Weights are random
    without a ``start``.

    Returns:
        The trained network in evaluation mode on the CPU, and its log.

    Raises:
        BadInput: the start is of another network, or a batch has fewer rows than processes.
        TrainingStopped: the process was told to stop; the state is kept.
    """
    torch.set_num_threads(config.cpu_threads)
    with _deterministic(config.seed + member):
        fit = _Fit(build, features, standard_targets, config, member, start)
        with fit.ranks.shared_norms(fit.network):
            fit.run(progress, checkpoints)
    return fit.network.cpu().eval(), fit.log


class _Fit:
    """A network, its optimiser and how far they are."""

    def __init__(
        self,
        build: Callable[[], nn.Module],
        features: PackedFeatures,
        truth: Answer,
        config: TrainingConfig,
        member: int,
        start: Mapping[str, Tensor] | None,
    ) -> None:
        self.ranks = Ranks.joined()
        self.config = config
        self.member = member
        self.starts = start is not None
        self.device = choose_device(config.device)
        self.features = features.to(self.device)
        self.truth = _truth(truth, features).to(self.device)
        self.criterion = LOSSES[config.loss]()
        self.generator = torch.Generator().manual_seed(config.seed + member)
        self.order = self.generator.get_state()
        network = build()
        self.drawn = load_start(network, start) if start is not None else 0
        self.network = network.to(self.device).train()
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        steps = config.epochs * max(1, round(len(features) / config.batch_size))
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            config.learning_rate,
            total_steps=steps,
            # A rise of one step has no length, by which the schedule would divide.
            pct_start=config.warm_up if config.warm_up * steps > 1 else 0.0,
            cycle_momentum=False,
        )
        self.log: list[EpochLog] = []
        self.batches, self.loss_sum = 0, 0.0

    def run(self, progress: Progress | None, checkpoints: Checkpoints | None) -> None:
        """Train to the end of the schedule, from the last checkpoint where there is one."""
        epochs = self.config.epochs
        latest = checkpoints.latest() if checkpoints else None
        if latest:
            self._restore(latest)
            if progress:
                progress(len(self.log), epochs, "goes on from a checkpoint")
        for epoch in range(len(self.log), epochs):
            self._run_epoch(epoch, checkpoints)
            if progress:
                progress(epoch + 1, epochs, f"loss {self.log[-1].loss:.4f}")
        if checkpoints and self.ranks.first and not (latest and len(latest.log) == epochs):
            checkpoints.save(self._checkpoint())

    def _run_epoch(self, epoch: int, checkpoints: Checkpoints | None) -> None:
        if self.starts:
            transfer, n_stages = self.config.transfer, len(stages(self.network))
            n_open = open_stages(transfer, epoch, self.config.epochs, n_stages)
            freeze(self.network, max(n_open, self.drawn), transfer.keep_statistics)
        self.order = self.generator.get_state()
        batches = _batches(len(self.features), self.config.batch_size, self.generator)
        if min(map(len, batches)) < self.ranks.size:
            raise BadInput(
                f"{self.ranks.size} processes share batches of {min(map(len, batches))} rows: "
                "each needs one at least; raise training.batch_size or take fewer processes"
            )
        for rows in batches[self.batches :]:
            stopping = self._step(rows, checkpoints is not None and checkpoints.stopping())
            if checkpoints and self.ranks.first and (stopping or checkpoints.due()):
                checkpoints.save(self._checkpoint())
            if stopping:
                raise TrainingStopped
        self.log.append(EpochLog(self.member, epoch, self.loss_sum / len(self.features)))
        self.batches, self.loss_sum = 0, 0.0

    def _step(self, rows: Tensor, stopping: bool) -> bool:
        """Learn from a batch; whether any of the processes was told to stop."""
        own = self.ranks.share(rows).to(self.device)
        with _precision(self.device, self.config.mixed_precision):
            output = self.network(self.features.batch(own))
        loss = self._loss(by_axis(output), own, rows)
        loss_sum = loss.item() * len(own)
        if isinstance(self.network, LearnsBeside):
            loss = loss + self.network.side_loss()
        self.optimiser.zero_grad(set_to_none=True)
        (loss * (len(own) / len(rows))).backward()  # type: ignore[no-untyped-call]
        total, stops = self.ranks.add_up(self.network.parameters(), (loss_sum, float(stopping)))
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_clip)
        self.optimiser.step()
        self.schedule.step()
        self.loss_sum += total
        self.batches += 1
        return stops > 0

    def _loss(self, output: Mapping[str, Tensor], own: Tensor, rows: Tensor) -> Tensor:
        """The sum over the axes of the mean over an axis's rows and columns."""
        truth, losses = self.truth.batch(own).tensors, list[Tensor]()
        weights = self.network.axis_weights if isinstance(self.network, WeighsAxes) else {}
        for axis, answer in output.items():
            loss: Tensor = self.criterion(answer.float(), truth[f"{axis}.targets"])
            if axis in self.truth.counts and self.ranks.size > 1:
                # Processes share samples alike, but not their atoms.
                counts = self.truth.counts[axis]
                share = counts[own].sum() / counts[rows.to(self.device)].sum()
                loss = loss * share * (len(rows) / len(own))
            losses.append(loss * weights.get(axis, 1.0))
        return torch.stack(losses).sum()

    def _checkpoint(self) -> Checkpoint:
        tensors = {f"network/{name}": t for name, t in self.network.state_dict().items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser/{index}/{name}": tensor for name, tensor in state.items()}
        tensors[ORDER] = self.order if self.batches else self.generator.get_state()
        tensors[PROCESS] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors[DEVICE] = torch.cuda.get_rng_state(self.device)
        return Checkpoint(
            log=tuple(self.log),
            batches=self.batches,
            loss_sum=self.loss_sum,
            steps=self.schedule.last_epoch,
            learning_rate=self.optimiser.param_groups[0]["lr"],
            tensors={name: tensor.cpu().contiguous() for name, tensor in tensors.items()},
        )

    def _restore(self, kept: Checkpoint) -> None:
        moments: dict[int, dict[str, Tensor]] = {}
        weights = {}
        for name, tensor in kept.tensors.items():
            kind, _, rest = name.partition("/")
            if kind == "network":
                weights[rest] = tensor
            elif kind == "optimiser":
                index, _, what = rest.partition("/")
                moments.setdefault(int(index), {})[what] = tensor
        self.network.load_state_dict(weights)
        groups = self.optimiser.state_dict()["param_groups"]
        groups[0]["lr"] = kept.learning_rate
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})
        self.schedule.last_epoch = kept.steps
        self.generator.set_state(kept.tensors[ORDER])
        torch.set_rng_state(kept.tensors[PROCESS])
        if self.device.type == "cuda" and DEVICE in kept.tensors:
            torch.cuda.set_rng_state(kept.tensors[DEVICE], self.device)
        self.log = list(kept.log)
        self.batches, self.loss_sum = kept.batches, kept.loss_sum


def _truth(truth: Answer, features: PackedFeatures) -> PackedFeatures:
    """Standardised targets, to be batched as the features are."""
    tables = by_axis(truth)
    counts = {axis: features.counts[axis] for axis in tables if axis in features.counts}
    return PackedFeatures({f"{axis}.targets": table for axis, table in tables.items()}, counts)


def _precision(device: torch.device, mixed: bool) -> torch.autocast:
    enabled = mixed and device.type == "cuda"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
