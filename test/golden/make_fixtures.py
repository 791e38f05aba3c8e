"""Trains the preset networks with PyTorch and stores what the sparse trainer must reproduce (training.json).

    /usr/bin/python3 test/golden/make_fixtures.py && npx prettier --write test/golden/training.json

Debian 12: python3-torch 1.13. Images, masks and initial weights come from a linear congruential generator that the test
implements too, so no data is stored. Each step follows SGD with momentum, L2 and the proximal term of FedProx on all
parameters, then masks weights and momentum (w <- w * m, v <- v * m); the loss is cross-entropy on logits. PyTorch computes
in double precision, so that the tolerances of the test are the trainer's rounding alone.
"""

import json
import pathlib

import torch
from torch import nn

STEPS = 50
BATCH = 32
SGD = {"learningRate": 0.01, "momentum": 0.9, "weightDecay": 0.01, "proximalCoefficient": 0.1}


class Generator:
    """Numerical Recipes' 32-bit generator; bytes and floats are its upper bits."""

    def __init__(self, seed):
        self.state = seed

    def upper(self, bits):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return self.state >> (32 - bits)


def convolutional(widths, channels, pooling, flat):
    first, second, *dense = widths
    layers = [nn.Conv2d(channels, first, 5), nn.ReLU(), pooling(), nn.Conv2d(first, second, 5), nn.ReLU(), pooling()]
    return nn.Sequential(*layers, nn.Flatten(), *dense_layers([flat, *dense, 10]))


def dense_layers(widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return layers[:-1]


def smooth():
    return nn.MaxPool2d(3, stride=1)


def halve():
    return nn.MaxPool2d(2)


# Fixture name -> preset of the application, input shape, sparsity, network.
NETWORKS = {
    "feddst-cnn mnist": ("feddst-cnn", (1, 28, 28), 0.8, lambda: convolutional([10, 20, 50], 1, smooth, 5120)),
    "feddst-cnn cifar10": ("feddst-cnn", (3, 32, 32), 0.9, lambda: convolutional([6, 16, 120, 84], 3, smooth, 6400)),
    "lenet-5": ("lenet-5", (3, 32, 32), 0.5, lambda: convolutional([6, 16, 120, 84], 3, halve, 400)),
    "lenet-300-100": ("lenet-300-100", (1, 28, 28), 0.0, lambda: nn.Sequential(nn.Flatten(), *dense_layers([784, 300, 100, 10]))),
}


def draw_problem(shape, sparsity, network):
    """Draws images, labels, weights and masks, in this order; sets the network's parameters; returns the rest."""
    generator = Generator(2022)
    channels, height, width = shape
    count = STEPS * BATCH
    labels = [generator.upper(16) % 10 for _ in range(count)]
    pixels = []
    for label in labels:
        # A bright stripe per class under noise: something to learn.
        for index in range(channels * height * width):
            stripe = 100 if index // width % height * 10 // height == label else 0
            pixels.append(generator.upper(8) // 2 + stripe)
    images = torch.tensor(pixels, dtype=torch.float64).reshape(count, channels, height, width)
    images = (images / 255 - 0.5) / 0.25
    masks = []
    with torch.no_grad():
        for parameter in network.parameters():
            # Half of He's variance for the weights that remain: calm enough that rounding stays small.
            bound = (3 / (parameter[0].numel() * (1 - sparsity))) ** 0.5 if parameter.dim() > 1 else 0.1
            values = [(generator.upper(24) / 2**23 - 1) * bound for _ in range(parameter.numel())]
            mask = torch.ones_like(parameter)
            if parameter.dim() > 1:
                threshold = round(sparsity * 2**16)
                bits = [0.0 if generator.upper(16) < threshold else 1.0 for _ in range(parameter.numel())]
                mask = torch.tensor(bits, dtype=torch.float64).reshape(parameter.shape)
            # Both sides start from the same single-precision numbers.
            parameter.copy_(torch.tensor(values, dtype=torch.float32).reshape(parameter.shape) * mask)
            masks.append(mask)
    return images, torch.tensor(labels), masks


def train(network, images, labels, masks):
    parameters = list(network.parameters())
    received = [parameter.detach().clone() for parameter in parameters]
    optimiser = torch.optim.SGD(
        parameters, lr=SGD["learningRate"], momentum=SGD["momentum"], weight_decay=SGD["weightDecay"]
    )
    losses = []
    for step in range(STEPS):
        batch = slice(step * BATCH, (step + 1) * BATCH)
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(images[batch]), labels[batch])
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for parameter, start in zip(parameters, received):
                parameter.grad += SGD["proximalCoefficient"] * (parameter - start)
        optimiser.step()
        with torch.no_grad():
            for parameter, mask in zip(parameters, masks):
                parameter *= mask
                optimiser.state[parameter]["momentum_buffer"] *= mask
    return losses


def statistics(network):
    """Per tensor: sum and sum of squares in double precision, and nine sampled values."""
    result = []
    for parameter in network.parameters():
        flat = parameter.detach().double().flatten()
        samples = [index * (len(flat) - 1) // 8 for index in range(9)]
        result.append(
            {
                "sum": flat.sum().item(),
                "squares": (flat * flat).sum().item(),
                "samples": [[index, flat[index].item()] for index in samples],
            }
        )
    return result


def main():
    torch.set_num_threads(1)
    fixtures = []
    for name, (model, shape, sparsity, build) in NETWORKS.items():
        network = build().double()
        images, labels, masks = draw_problem(shape, sparsity, network)
        losses = train(network, images, labels, masks)
        gradients = dense_gradients(network, images, labels)
        with torch.no_grad():
            final_loss = nn.functional.cross_entropy(network(images[:BATCH]), labels[:BATCH]).item()
        fixtures.append(
            {
                "name": name,
                "model": model,
                "shape": list(shape),
                "sparsity": sparsity,
                "losses": losses,
                "finalLoss": final_loss,
                "tensors": statistics(network),
                "denseGradients": gradients,
            }
        )
        print(f"{name}: loss {losses[0]:.4f} -> {losses[-1]:.4f}")
    document = {"torch": torch.__version__, "steps": STEPS, "batchSize": BATCH, **SGD, "fixtures": fixtures}
    path = pathlib.Path(__file__).with_name("training.json")
    path.write_text(json.dumps(document, indent=1) + "\n")


def dense_gradients(network, images, labels):
    """Norm of the plain loss gradient of each kernel, masked positions included, on the trained network."""
    network.zero_grad()
    nn.functional.cross_entropy(network(images[:BATCH]), labels[:BATCH]).backward()
    return [p.grad.double().norm().item() for p in network.parameters() if p.dim() > 1]


if __name__ == "__main__":
    main()
