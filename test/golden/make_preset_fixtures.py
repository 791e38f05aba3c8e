"""Runs the published algorithms of FedDST's and the thesis's code on a toy federation in PyTorch (presets.json).

    /usr/bin/python3 test/golden/make_preset_fixtures.py

Debian 12: python3-torch 1.13. Written from the description of what the two programs execute, quirks included:

* bibikar/feddst dst.py (Bibikar et al. 2022): client-side topology update after an epoch, with the undecayed ratio; growth
  over all positions; weights of the mean are twice the number of batches; batches are never shuffled; softmax twice.
* ailianligit/Pruning-Based-FL pruning_fl.py (2023): server-side update with cosine decay and random growth, optionally
  with contribution-weighted aggregation.

Images, labels, initial weights, the clients of each round and random growth come from a linear congruential generator or
are written into the fixture, so that the application can be given the same. PyTorch computes in double precision.
"""

import json
import math
import pathlib

import torch
from torch import nn

CLASSES = 4
SIZE = 8
CLIENT_IMAGES = [24, 20, 9]
BATCH = 8
ROUNDS = 7
SGD = {"learningRate": 0.05, "momentum": 0.9, "weightDecay": 0.001}
SPARSITY = 0.6
RATIO = 0.3
INTERVAL = 2
DECAY_END = 6
EPOCHS = 2


class Generator:
    """Numerical Recipes' 32-bit generator; bytes and floats are its upper bits."""

    def __init__(self, seed):
        self.state = seed

    def upper(self, bits):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return self.state >> (32 - bits)


class Network(nn.Module):
    """Two convolutions and two dense layers, ending in a softmax as the published networks do."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2, stride=1), nn.Conv2d(3, 4, 3), nn.ReLU(),
            nn.Flatten(), nn.Linear(36, 12), nn.ReLU(), nn.Linear(12, CLASSES),
        )

    def forward(self, images):
        return nn.functional.softmax(self.layers(images), dim=1)

    def kernels(self):
        return [module for module in self.layers if isinstance(module, (nn.Conv2d, nn.Linear))]


def draw_problem(network):
    """Draws labels, images and weights, in this order. Returns images and labels of each client."""
    generator = Generator(1999)
    count = sum(CLIENT_IMAGES)
    labels = [generator.upper(16) % CLASSES for _ in range(count)]
    pixels = []
    for label in labels:
        for index in range(SIZE * SIZE):
            stripe = 120 if index // SIZE // 2 == label else 0
            pixels.append(generator.upper(8) // 2 + stripe)
    images = torch.tensor(pixels, dtype=torch.float64).reshape(count, 1, SIZE, SIZE)
    images = (images / 255 - 0.5) / 0.25
    with torch.no_grad():
        for kernel in network.kernels():
            bound = (6 / kernel.weight[0].numel()) ** 0.5
            for parameter, limit in ((kernel.weight, bound), (kernel.bias, 0.1)):
                values = [(generator.upper(24) / 2**23 - 1) * limit for _ in range(parameter.numel())]
                parameter.copy_(torch.tensor(values, dtype=torch.float32).reshape(parameter.shape))
    starts = [sum(CLIENT_IMAGES[:client]) for client in range(len(CLIENT_IMAGES) + 1)]
    return [
        (images[a:b], torch.tensor(labels[a:b])) for a, b in zip(starts, starts[1:])
    ]


def keep_counts(network, sparsity):
    """Weights that each layer keeps: the "erk" of models.py, which scales layer sparsities. None: left untouched."""
    raw, sizes = [], []
    for kernel in network.kernels():
        shape = kernel.weight.shape
        raw.append(1 - sum(shape) / math.prod(shape))
        sizes.append(kernel.weight.numel() + kernel.bias.numel())
    scale = sparsity * sum(sizes) / sum(r * q for r, q in zip(raw, sizes))
    counts = []
    for kernel, r, q in zip(network.kernels(), raw, sizes):
        keep = math.floor((1 - scale * r) * q)
        pruned = kernel.weight.numel() - keep
        counts.append(None if pruned >= kernel.weight.numel() or pruned < 0 else keep)
    return counts


def largest(scores, count):
    """Positions of the `count` largest scores, the lower position first among equals."""
    order = sorted(range(len(scores)), key=lambda position: (-scores[position], position))
    return order[:count]


def layer_prune(network, masks, sparsity):
    for kernel, mask, keep in zip(network.kernels(), masks, keep_counts(network, sparsity)):
        if keep is None:
            continue
        kept = largest(kernel.weight.detach().abs().flatten().tolist(), keep)
        mask.zero_()
        mask.view(-1)[kept] = 1
    apply_masks(network, masks)


def layer_grow(network, masks, sparsity, scores):
    """top-k over ALL positions; what was chosen is set to 0, active or not."""
    for kernel, mask, keep, score in zip(network.kernels(), masks, keep_counts(network, sparsity), scores):
        if keep is None:
            continue
        count = keep - int(mask.sum().item())
        if count <= 0:
            continue
        for position in largest(score, count):
            mask.view(-1)[position] = 1
            with torch.no_grad():
                kernel.weight.view(-1)[position] = 0
    apply_masks(network, masks)


def apply_masks(network, masks):
    with torch.no_grad():
        for kernel, mask in zip(network.kernels(), masks):
            kernel.weight *= mask


def state_of(network):
    """All parameters as one flat list, kernels before biases, layer by layer."""
    return torch.cat([t.detach().flatten() for k in network.kernels() for t in (k.weight, k.bias)])


def load(network, state):
    at = 0
    with torch.no_grad():
        for kernel in network.kernels():
            for parameter in (kernel.weight, kernel.bias):
                parameter.copy_(state[at : at + parameter.numel()].reshape(parameter.shape))
                at += parameter.numel()


def flat_masks(network, masks):
    """The masks over the flat parameters; 1 for biases."""
    parts = []
    for kernel, mask in zip(network.kernels(), masks):
        parts += [mask.flatten(), torch.ones(kernel.bias.numel(), dtype=torch.float64)]
    return torch.cat(parts)


def bits(masks):
    return "".join(str(int(bit)) for mask in masks for bit in mask.flatten().tolist())


def sparsity_of(masks):
    total = sum(mask.numel() for mask in masks)
    return 1 - sum(mask.sum().item() for mask in masks) / total


def train_epoch(network, masks, optimiser, images, labels):
    loss_sum, steps = 0, 0
    for first in range(0, len(images), BATCH):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(images[first : first + BATCH]), labels[first : first + BATCH])
        loss.backward()
        optimiser.step()
        apply_masks(network, masks)
        loss_sum += loss.item()
        steps += 1
    return loss_sum, steps, first


def new_optimiser(network):
    return torch.optim.SGD(
        network.parameters(), lr=SGD["learningRate"], momentum=SGD["momentum"], weight_decay=SGD["weightDecay"]
    )


def feddst():
    network = Network().double()
    clients = draw_problem(network)
    weights = sum(kernel.weight.numel() for kernel in network.kernels())
    biases = sum(kernel.bias.numel() for kernel in network.kernels())
    masks = [torch.ones_like(kernel.weight) for kernel in network.kernels()]
    layer_prune(network, masks, SPARSITY)
    state = state_of(network)
    result = {"first": {"mask": bits(masks), "parameters": state.tolist()}, "rounds": []}
    generator = Generator(77)
    epochs_done = [0] * len(clients)
    begin, interval = EPOCHS - 1, EPOCHS
    for round in range(ROUNDS):
        drawn = [generator.upper(16) % len(clients) for _ in range(len(clients))]
        gate = RATIO * RATIO / 2 * (1 + math.cos(math.pi * round / DECAY_END)) if round < DECAY_END else 0
        readjust = (round - 1) % INTERVAL == 0 and gate > 0
        uploads = []
        for client in drawn:
            images, labels = clients[client]
            load(network, state)
            client_masks = [mask.clone() for mask in masks]
            optimiser = new_optimiser(network)
            upload_bits, losses = 0, 0
            for _ in range(EPOCHS):
                loss_sum, steps, last = train_epoch(network, client_masks, optimiser, images, labels)
                losses += loss_sum
                if readjust and (epochs_done[client] - begin) % interval == 0:
                    optimiser.zero_grad()
                    nn.functional.cross_entropy(network(images[last:]), labels[last:]).backward()
                    scores = [k.weight.grad.abs().flatten().tolist() for k in network.kernels()]
                    layer_prune(network, client_masks, SPARSITY + (1 - SPARSITY) * RATIO)
                    layer_grow(network, client_masks, SPARSITY, scores)
                    upload_bits += (1 - sparsity_of(client_masks)) * weights
                epochs_done[client] += 1
            upload_bits += (1 - sparsity_of(client_masks)) * weights * 32 + 32 * biases
            uploads.append((2 * steps, state_of(network), client_masks, losses, upload_bits))
        sums, totals, sizes = 0, 0, 0
        for size, uploaded, client_masks, _, _ in uploads:
            flat = flat_masks(network, client_masks)
            sums = sums + size * uploaded * flat
            totals = totals + size * flat
            sizes += size
        state = torch.where(totals > 0, sums / totals.clamp(min=1), torch.zeros_like(sums))
        for index, mask in enumerate(masks):
            votes = sum(size * client_masks[index] for size, _, client_masks, _, _ in uploads)
            mask.copy_((votes > 0).double())
        load(network, state)
        if sparsity_of(masks) < SPARSITY:
            layer_prune(network, masks, SPARSITY)
        apply_masks(network, masks)
        state = state_of(network)
        result["rounds"].append(
            {
                "clients": drawn,
                "readjusts": readjust,
                "gate": gate,
                "clientMasks": [bits(client_masks) for _, _, client_masks, _, _ in uploads],
                "losses": [losses for _, _, _, losses, _ in uploads],
                "uploadBits": [round_bits(upload) for _, _, _, _, upload in uploads],
                "mask": bits(masks),
                "parameters": state.tolist(),
            }
        )
    return result


def round_bits(value):
    """The program counts shares of the weights in floating point; the counts themselves are whole."""
    return int(math.floor(value + 0.5))


def seed_code(contribution, scale, tradeoff):
    network = Network().double()
    clients = draw_problem(network)
    masks = [torch.ones_like(kernel.weight) for kernel in network.kernels()]
    layer_prune(network, masks, SPARSITY)
    state = state_of(network)
    result = {"first": {"mask": bits(masks), "parameters": state.tolist()}, "rounds": []}
    generator = Generator(78)
    data_shares = torch.tensor(CLIENT_IMAGES, dtype=torch.float64) / sum(CLIENT_IMAGES)
    reputation = data_shares.clone()
    for round in range(ROUNDS):
        shares = reputation if contribution and round > 0 else data_shares
        updates, losses = [], []
        for images, labels in clients:
            load(network, state)
            optimiser = new_optimiser(network)
            total = 0
            for _ in range(EPOCHS):
                total += train_epoch(network, masks, optimiser, images, labels)[0]
            losses.append(total)
            updates.append(scale * (state_of(network) - state) * flat_masks(network, masks))
        # All clients share the mask, so the masked mean is the weighted mean.
        update = sum(share * one for share, one in zip(shares, updates)) / shares.sum()
        state = state + update
        if contribution:
            cosines = torch.stack([nn.functional.cosine_similarity(one, update, dim=0) for one in updates])
            keep = 1 - (1 - tradeoff) / (round + 1)
            reputation = (keep * reputation + (1 - keep) * cosines).clamp(min=1e-3)
            reputation = reputation / reputation.sum()
        load(network, state)
        ratio = RATIO / 2 * (1 + math.cos(math.pi * round / DECAY_END)) if round <= DECAY_END else 0
        readjusts = round % INTERVAL == 0 and ratio > 0
        grown = []
        if readjusts:
            layer_prune(network, masks, SPARSITY + (1 - SPARSITY) * ratio)
            for mask, keep in zip(masks, keep_counts(network, SPARSITY)):
                inactive = [at for at, bit in enumerate(mask.flatten().tolist()) if bit == 0]
                count = 0 if keep is None else keep - int(mask.sum().item())
                keys = {at: generator.upper(24) for at in inactive}
                chosen = sorted(sorted(inactive, key=lambda at: (-keys[at], at))[:count])
                mask.view(-1)[chosen] = 1
                grown.append(chosen)
        # Else the program prunes to S again, which gives the same mask except where active weights are exactly 0 and tie
        # with inactive ones; torch leaves their order open.
        state = state_of(network)
        result["rounds"].append(
            {
                "ratio": ratio,
                "grown": grown,
                "losses": losses,
                "shares": shares.tolist(),
                "mask": bits(masks),
                "parameters": state.tolist(),
            }
        )
    return result


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def main():
    torch.set_num_threads(1)
    document = {
        "torch": torch.__version__,
        "clientImages": CLIENT_IMAGES,
        "batchSize": BATCH,
        **SGD,
        "sparsity": SPARSITY,
        "readjustmentRatio": RATIO,
        "readjustmentInterval": INTERVAL,
        "rateDecayEnd": DECAY_END,
        "localEpochs": EPOCHS,
        "feddst": feddst(),
        "seedCode": seed_code(False, 1.0, 0.5),
        "contribution": seed_code(True, 0.9, 0.5),
    }
    path = pathlib.Path(__file__).with_name("presets.json")
    path.write_text(json.dumps(rounded(document)) + "\n")
    for name in ("feddst", "seedCode", "contribution"):
        rounds = document[name]["rounds"]
        print(name, [len(r["mask"]) - r["mask"].count("0") for r in rounds], [round(sum(r["losses"]), 3) for r in rounds])


if __name__ == "__main__":
    main()
