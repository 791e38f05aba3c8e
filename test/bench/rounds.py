"""The round of rounds.ts in PyTorch, as published simulators train it: every weight is multiplied by its mask.

python3 rounds.py --sparsity 0.8 --threads 1 --clients 2 --epochs 2 --repetitions 3

Prints one JSON object: the version, and seconds of CPU and of wall-clock time of each repetition.
"""
import argparse
import json
import time

import torch
from torch import nn
from torch.nn import functional


class Network(nn.Module):
    """FedDST's network for CIFAR-10 (Bibikar et al. 2022, models.py)."""

    def __init__(self, sparsity: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 20 * 20, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)
        self.layers = [self.conv1, self.conv2, self.fc1, self.fc2, self.fc3]
        self.masks = [(torch.rand_like(layer.weight) >= sparsity).float() for layer in self.layers]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        weights = [layer.weight * mask for layer, mask in zip(self.layers, self.masks)]
        values = functional.conv2d(images, weights[0], self.conv1.bias)
        values = functional.max_pool2d(functional.relu(values), 3, 1)
        values = functional.conv2d(values, weights[1], self.conv2.bias)
        values = functional.max_pool2d(functional.relu(values), 3, 1)
        values = torch.flatten(values, 1)
        values = functional.relu(functional.linear(values, weights[2], self.fc1.bias))
        values = functional.relu(functional.linear(values, weights[3], self.fc2.bias))
        return functional.linear(values, weights[4], self.fc3.bias)


def train_round(sparsity: float, clients: int, epochs: int, samples: int, batch_size: int) -> None:
    """One round: every client starts from the same parameters; the average of all is the next ones."""
    server = Network(sparsity)
    sums = [torch.zeros_like(parameter) for parameter in server.parameters()]
    for _ in range(clients):
        client = Network(sparsity)
        client.load_state_dict(server.state_dict())
        client.masks = server.masks
        images, labels = torch.randn(samples, 3, 32, 32), torch.randint(0, 10, (samples,))
        optimiser = torch.optim.SGD(client.parameters(), lr=0.01, momentum=0.9, weight_decay=0.001)
        for _ in range(epochs):
            order = torch.randperm(samples)
            for first in range(0, samples, batch_size):
                batch = order[first : first + batch_size]
                optimiser.zero_grad()
                functional.cross_entropy(client(images[batch]), labels[batch]).backward()
                optimiser.step()
        for total, parameter in zip(sums, client.parameters()):
            total += parameter.detach() / clients


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sparsity", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--samples", type=int, default=125)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--repetitions", type=int, default=3)
    given = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(given.threads)
    train_round(given.sparsity, 1, 1, given.samples, given.batch_size)
    wall, cpu = [], []
    for _ in range(given.repetitions):
        started, used = time.perf_counter(), time.process_time()
        train_round(given.sparsity, given.clients, given.epochs, given.samples, given.batch_size)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    print(json.dumps({"version": torch.__version__, "wall": wall, "cpu": cpu}))


if __name__ == "__main__":
    main()
