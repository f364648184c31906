"""Tests on a small random model of the same architecture: python -m pytest language_model (in the folder python)."""
import json

import pytest
import torch
import torch.nn.functional as F

from . import train as training
from .losses import classifier_loss, policy_loss
from .model import Sizes, SmolLM
from .policy import only_candidate, prepare, score, success
from .tokenizer import Tokenizer, byte_characters

SIZES = Sizes(blocks=3, heads=4, key_heads=2, head_width=4, eps=1e-5, base=100.0)
SHAPES = {
    "attn_q": (16, 16), "attn_k": (8, 16), "attn_v": (8, 16), "attn_output": (16, 16),
    "ffn_gate": (24, 16), "ffn_up": (24, 16), "ffn_down": (16, 24),
}  # fmt: skip
TOKENIZER = Tokenizer([*byte_characters().values(), "go", "Ġgo"], ["g o", "Ġ go"])
RECORDS = [
    {"id": "a", "text": "You hold an egg.", "actions": ["go to a 1", "heat", "open b"], "good": [False, True, False]},
    {"id": "b", "text": "You hold it.", "actions": ["heat", "go to a 1", "put"], "good": [False, True, False]},
]


def small_model():
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: 0.3 * torch.randn(shape, generator=generator)
    tensors = {"token_embd.weight": draw(258, 16), "output_norm.weight": 1 + draw(16)}
    for n in range(SIZES.blocks):
        tensors |= {f"blk.{n}.{name}.weight": draw(*shape) for name, shape in SHAPES.items()}
        tensors |= {f"blk.{n}.{name}_norm.weight": 1 + draw(16) for name in ("attn", "ffn")}
    return SmolLM(tensors, SIZES)


def plain_log_prob(model, text, action):
    """Log-probability of an action after a text, from the logits of the whole sequence and without a shared state."""
    prompt, tokens = TOKENIZER.encode(text), TOKENIZER.encode(action)
    ids = torch.tensor(prompt + tokens)
    positions = torch.arange(len(ids))
    h = model.run(model.embed(ids), positions, positions[:, None] >= positions)
    log_probs = F.linear(h, model.embed.weight).log_softmax(-1)
    return sum(log_probs[len(prompt) + i - 1, token] for i, token in enumerate(tokens))


@pytest.mark.parametrize("first", [0, 2])
def test_scores_with_a_shared_state_equal_those_of_plain_sequences(first):
    model = small_model()
    state = prepare(model, TOKENIZER, RECORDS[0], first)
    scores, embeddings = score(model, state, first)
    plain = [plain_log_prob(model, RECORDS[0]["text"] + "\nNext action:", " " + a) for a in state.actions]
    torch.testing.assert_close(scores, torch.stack(plain), rtol=1e-5, atol=1e-5)
    for number in range(3):
        alone, embedding = score(model, only_candidate(state, number), first)
        torch.testing.assert_close(alone[0], scores[number], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(embedding[0], embeddings[number], rtol=1e-5, atol=1e-5)


def test_tokenizer_splits_digits_and_merges_in_order():
    names = [TOKENIZER.vocabulary[i] for i in TOKENIZER.encode("go go 12")]
    assert names == ["go", "Ġgo", "Ġ", "1", "2"]
    assert TOKENIZER.decode(TOKENIZER.encode("put an egg, 2.\n")) == "put an egg, 2.\n"
    with pytest.raises(ValueError, match="encode: text must be ASCII, got 'é'; replace the other characters"):
        TOKENIZER.encode("é")


def test_policy_loss_has_the_gradient_of_the_expected_reward_divided_by_its_standard_deviation():
    good = torch.tensor([0.0, 1, 0, 0])
    scores = torch.tensor([-3.0, -4, -2, -6], requires_grad=True)
    value = (scores.softmax(0) * good).sum()
    (reference,) = torch.autograd.grad(value, scores)
    (gradient,) = torch.autograd.grad(policy_loss(scores, good), scores)
    torch.testing.assert_close(gradient, -reference / ((value * (1 - value)).sqrt().detach() + 1e-4))


def test_classifier_loss_gives_both_classes_equal_weight():
    z, labels = torch.tensor([0.5, -1, 2, 0]), torch.tensor([1.0, 0, 0, 0])
    good = -F.logsigmoid(z[:1]).mean()
    bad = -F.logsigmoid(-z[1:]).mean()
    torch.testing.assert_close(classifier_loss(z, labels), (good + bad) / 2)


def test_success_is_probability_and_argmax_of_the_good_action():
    model = small_model()
    states = [prepare(model, TOKENIZER, record, 0) for record in RECORDS]
    scores = [torch.tensor([0.0, 1, 0]).log(), torch.tensor([0.5, 0.25, 0.25]).log()]
    assert success(scores, states) == (0.625, 0.5)


def run(folder, arm, updates, monkeypatch):
    monkeypatch.setattr(training, "FIRST", 1)
    monkeypatch.setattr(training, "SAVE_EVERY", 2)
    model = small_model()
    states = [prepare(model, TOKENIZER, record, 1) for record in RECORDS]
    training.train(model, torch.ones(16) / 4, states, states[:1], arm, 1, folder, 1e-2, updates, say=lambda *_: None)
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return model, [{**line, "seconds": 0} for line in lines]


@pytest.mark.parametrize("arm", training.ARMS)
def test_training_resumes_with_equal_results_and_leaves_the_first_blocks(arm, tmp_path, monkeypatch):
    whole, lines = run(tmp_path / "whole", arm, 5, monkeypatch)
    run(tmp_path / "parts", arm, 3, monkeypatch)
    resumed, resumed_lines = run(tmp_path / "parts", arm, 5, monkeypatch)
    assert resumed_lines == lines and len(lines) == 6
    start = small_model().state_dict()
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
        assert torch.equal(value, start[name]) != (name.startswith("blocks.1") or name.startswith("blocks.2")), name


def test_arms_differ(tmp_path, monkeypatch):
    ends = [run(tmp_path / arm, arm, 3, monkeypatch)[1][-1]["train"][0] for arm in training.ARMS]
    assert len(set(ends)) == 3
