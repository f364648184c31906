"""Gram matrices of a bank of `unbraid_probe`, by way of explicit gradients.

`Bank.gram` multiplies all pairs of rows. A sample here has about 100 rows of width 576 to 1536, so forming each explicit
gradient once and multiplying those takes about a tenth of the time.
"""
import torch

# Rows of the embedding's gradient are few tokens of 49,152: the pairwise form is the cheap one there.
WIDEST = 10_000


def layer_gram(bank, layer):
    """Inner products [samples, samples] of one parameter's gradients, in float64. float32 sums within a gradient."""
    count = len(bank.samples)
    if "e" in layer.tensors or max(layer.shape) > WIDEST:
        return bank.gram(layer.name)
    if layer.kind != "rows":
        gradients = layer.value("g").float()
    else:
        gradients = torch.zeros(count, layer.shape[0] * layer.shape[1])
        x, d, owner = layer.tensors["x"].float(), layer.tensors["d"].float(), layer.tensors["sample"]
        for i in range(count):
            rows = owner == i
            gradients[i] = (d[rows].T @ x[rows]).flatten()
        gradients *= layer.scale["x"] * layer.scale["d"]
    return (gradients @ gradients.T).double()


def grams(bank):
    """{name of the parameter: Gram matrix} of all layers."""
    return {layer.name: layer_gram(bank, layer) for layer in bank.layers}


def cosines(gram):
    """Cosines [samples, samples] of a Gram matrix. A gradient of length 0 has the cosine 0 with all others."""
    length = gram.diagonal().clamp_min(0).sqrt()
    length = torch.where(length > 0, length, torch.inf)
    return gram / length[:, None] / length
