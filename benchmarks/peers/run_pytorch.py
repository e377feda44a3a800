"""Time or train GMAN-PyTorch (github.com/VincLee8188/GMAN-PyTorch).

As in the port's `main.py` and `model/train.py`: Adam, StepLR with factor 0.9 every `decay_epoch` epochs, MSE over all
readings, missing ones (0) too, `bn_decay` 0.1, no mask, a new permutation every epoch, the last partial batch kept.
Its heads (`torch.split` by the number of heads) and its batch normalisation everywhere are left as they are, and so are
its one-hot loops over the batch, which are part of what a step costs.

Deviations:
- Windows, normalisation, missing-value filling and embedding come from the case file: the port's `load_data` needs the
  HDF file and a frequency that present pandas no longer offers as it expects. Learning rate, batch size and
  `decay_epoch` are the case's too.
- The port takes an embedding of width D = K * d only. Where the width differs, the first layer on the embedding is
  made anew, by the port's own class, for the width that the embedding has.
- No early stop (epochs are equal for all). The best epoch is chosen by masked MAE, and its weights are copied: the port
  keeps a reference, which ends up being the last epoch's weights.
- The port has no other device than the processor. `--device gpu` makes its weights and all tensors that it makes
  itself on the GPU (PyTorch's default device), and waits for each step.
- `--loss masked-mae` trains on the masked MAE that the port defines beside its metrics but does not use in `main.py`.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from case import Case
from driver import THREADS, batches, run

TIMES_OF_DAY = 288  # fixed in the port's model
BN_DECAY = 0.1
DECAY_RATE = 0.9


def masked_mae(forecast: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean error over the observed readings of a batch; 0 means missing."""
    observed = (truth != 0).float()
    return ((forecast - truth).abs() * observed).sum() / observed.sum().clamp(min=1)


class PyTorchPort:
    """The port's model with its optimizer and schedule, on the processor or a GPU."""

    def __init__(self, directory: Path, case: Case, chosen: argparse.Namespace) -> None:
        if case.T > TIMES_OF_DAY:
            raise ValueError(f"the port knows {TIMES_OF_DAY} times of a day; received {case.T}")
        self.device = torch.device("cuda" if chosen.device == "gpu" else "cpu")
        if chosen.device == "gpu":
            torch.set_default_device(self.device)  # costs time at every call, so the processor has none
        torch.manual_seed(case.seed)
        torch.set_num_threads(THREADS)
        sys.path.insert(0, str(directory))
        code = importlib.import_module("model.model_")
        settings = SimpleNamespace(L=case.L, K=case.K, d=case.d, num_his=case.P, num_pred=case.Q)
        model = code.GMAN(self._tensor(case.embedding), settings, BN_DECAY)
        width, units = case.embedding.shape[1], case.K * case.d
        if width != units:
            model.STEmbedding.FC_se = code.FC([width, units], [units, units], [torch.relu, None], BN_DECAY)
        self.model: torch.nn.Module = model
        self.case = case
        self.loss = torch.nn.MSELoss() if chosen.loss == "own" else masked_mae
        self.optimizer = torch.optim.Adam(model.parameters(), case.learning_rate)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, case.decay_epoch, DECAY_RATE)

    def train_steps(self, batches: list[np.ndarray]) -> list[float]:
        """An optimizer step on each batch; the clock after each."""
        ends = []
        for rows in batches:
            self._step(rows)
            if self.device.type == "cuda":
                torch.cuda.synchronize()
            ends.append(time.perf_counter())
        return ends

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device)

    def _step(self, rows: np.ndarray) -> None:
        self.model.train()
        inputs, calendar, truth = (self._tensor(array[rows]) for array in self.case.windows("train"))
        self.optimizer.zero_grad()
        forecast = self.model(inputs, calendar) * self.case.std + self.case.mean
        loss = self.loss(forecast, truth)
        loss.backward()
        self.optimizer.step()

    def train_epoch(self) -> None:
        """All training windows in a new order, then one step of the schedule."""
        count = len(self.case.windows("train")[0])
        order = torch.randperm(count).cpu().numpy()
        for batch in batches(count, self.case.batch_size):
            self._step(order[batch])
        self.schedule.step()

    def forecast(self, part: str) -> np.ndarray:
        """Forecasts with moving BN statistics."""
        inputs, calendar, _ = self.case.windows(part)
        self.model.eval()
        with torch.no_grad():
            forecasts = [
                self.model(self._tensor(inputs[batch]), self._tensor(calendar[batch])).cpu().numpy()
                for batch in batches(len(inputs), self.case.batch_size)
            ]
        return np.concatenate(forecasts) * self.case.std + self.case.mean

    def weights(self) -> dict[str, Any]:
        """A copy of the state."""
        return {name: value.clone() for name, value in self.model.state_dict().items()}

    def restore(self, weights: dict[str, Any]) -> None:
        """Put such a copy back."""
        self.model.load_state_dict(weights)

    def gpu_gb(self) -> float:
        """By PyTorch's allocator."""
        return round(torch.cuda.max_memory_allocated() / 1e9, 3)


if __name__ == "__main__":
    run(__doc__, PyTorchPort, loss={"choices": ("own", "masked-mae"), "default": "own"})
