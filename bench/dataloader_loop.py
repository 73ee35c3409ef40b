"""Train one workload with the loop that most PyTorch code has: DataLoader, torch.optim, `.item()`.

    python -m bench.dataloader_loop w1 w1.npz --epochs 20

The last line of the output is JSON: the times and the metrics of every epoch (see clock.py).
"""

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bench.clock import Clock
from bench.workloads import WORKLOADS, Workload


class Recurrent(nn.Module):
    """An LSTM that returns the sequence, or its last step."""

    def __init__(self, features: int, units: int, sequence: bool = False) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)
        self.sequence = sequence
        nn.init.xavier_uniform_(self.lstm.weight_ih_l0)
        nn.init.orthogonal_(self.lstm.weight_hh_l0)
        for bias in (self.lstm.bias_ih_l0, self.lstm.bias_hh_l0):
            nn.init.zeros_(bias)
        nn.init.ones_(self.lstm.bias_ih_l0[units : 2 * units])  # forget gate

    def forward(self, x: Tensor) -> Tensor:
        output, _ = self.lstm(x)
        return output if self.sequence else output[:, -1]


class Mean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(2)


def stage(inputs: int, filters: int) -> list[nn.Module]:
    convs = [nn.Conv2d(inputs, filters, 3), nn.ReLU(), nn.Conv2d(filters, filters, 3), nn.ReLU()]
    return [*convs, nn.MaxPool2d(2), nn.Dropout(0.25)]


def dense(inputs: int, units: int, rate: float) -> list[nn.Module]:
    return [nn.Linear(inputs, units), nn.ReLU(), nn.Dropout(rate)]


def conv1d(inputs: int, filters: int) -> list[nn.Module]:
    return [nn.Conv1d(inputs, filters, 3), nn.ReLU()]


def layers(name: str) -> list[nn.Module]:
    match name:
        case "w1":
            return [*dense(20, 64, 0.5), *dense(64, 64, 0.5), nn.Linear(64, 10)]
        case "w2":
            return [*dense(784, 512, 0.2), *dense(512, 512, 0.2), nn.Linear(512, 10)]
        case "w3":
            convs = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU()]
            pooled = [*convs, nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten()]
            return [*pooled, *dense(9216, 128, 0.5), nn.Linear(128, 10)]
        case "w4":
            pooled = [*stage(3, 32), *stage(32, 64), nn.Flatten()]
            return [*pooled, *dense(22 * 22 * 64, 256, 0.5), nn.Linear(256, 10)]
        case "w5":
            lstms = [Recurrent(16, 32, True), Recurrent(32, 32, True), Recurrent(32, 32)]
            return [*lstms, nn.Linear(32, 10)]
        case "w6":
            return [nn.Embedding(20_000, 128), Recurrent(128, 128), nn.Linear(128, 1)]
        case "w7":
            first = [*conv1d(100, 64), *conv1d(64, 64), nn.MaxPool1d(3)]
            second = [*conv1d(64, 128), *conv1d(128, 128), Mean(), nn.Dropout(0.5)]
            return [*first, *second, nn.Linear(128, 1)]
        case "w8":
            return [nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)]
    raise ValueError(name)


def build(name: str) -> nn.Sequential:
    """The model, with Keras' initial values, so that the learning curves can be compared."""
    model = nn.Sequential(*layers(name))
    for layer in model:
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Embedding):
            nn.init.uniform_(layer.weight, -0.05, 0.05)
    return model


def optimizer(name: str, model: nn.Module) -> torch.optim.Optimizer:
    params = model.parameters()
    if name in ("w1", "w4"):
        return torch.optim.SGD(params, lr=0.01, momentum=0.9, nesterov=True)
    if name in ("w2", "w5", "w7"):
        return torch.optim.RMSprop(params, lr=0.001, alpha=0.9, eps=1e-7)
    if name in ("w3", "w6"):
        return torch.optim.Adam(params, lr=0.001, eps=1e-7)
    return torch.optim.SGD(params, lr=0.01)


def tensors(workload: Workload, path: str) -> tuple[Tensor, Tensor]:
    with np.load(path) as arrays:
        x, y = torch.from_numpy(arrays["x_train"]), torch.from_numpy(arrays["y_train"])
    if workload.name in ("w3", "w4"):
        x = x.permute(0, 3, 1, 2).contiguous()
    if workload.name == "w7":
        x = x.transpose(1, 2).contiguous()
    return x, y if workload.classes > 1 else y.float()


def train_epoch(model: nn.Module, opt: torch.optim.Optimizer, loader: DataLoader) -> list[float]:
    total = hits = seen = 0
    for x, y in loader:
        output = model(x)
        if output.shape[1] == 1:
            output = output.squeeze(1)
            loss = F.binary_cross_entropy_with_logits(output, y)
            correct = (output > 0) == (y > 0.5)
        else:
            loss = F.cross_entropy(output, y)
            correct = output.argmax(1) == y
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
        hits += correct.sum().item()
        seen += len(y)
    return [total / seen, hits / seen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("data")
    parser.add_argument("--epochs", type=int, default=0, help="0: the workload's own number")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    workload = WORKLOADS[args.workload]
    torch.manual_seed(args.seed)
    x, y = tensors(workload, args.data)
    loader = DataLoader(TensorDataset(x, y), batch_size=workload.batch_size, shuffle=True)
    model = build(workload.name)
    opt = optimizer(workload.name, model)
    model.train()
    clock = Clock()
    for _ in range(args.epochs or workload.epochs):
        loss, accuracy = train_epoch(model, opt, loader)
        print(f"loss: {loss:.4f} - accuracy: {accuracy:.4f}")
        clock.lap(loss, accuracy)
    clock.report()


if __name__ == "__main__":
    main()
