"""The feature set network: masking equals removing, order is free, attention is the usual one."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toy_classifiers import FEATURES, GROUPS, made, toy_values

from pid.models.attention import AttentionPooling, SelfAttention
from pid.models.embedding import FeatureEmbedding, PiecewiseLinear
from pid.models.feature_set import FeatureSetClassifier

# float32 rounds differently in products of another shape.
ROUNDING = 1e-6


def without(classifier: FeatureSetClassifier, features: list[int]) -> FeatureSetClassifier:
    """The network with the same weights that has only these features, and only their tokens."""
    grouped = classifier.embedding.encoding is not None
    groups = [[f for f in group if f in features] for group in GROUPS] if grouped else None
    tokens = [t for t, group in enumerate(groups or [[f] for f in range(FEATURES)]) if group]
    if not groups:
        tokens = features
    other = FeatureSetClassifier(
        len(features),
        3,
        groups=[[features.index(f) for f in group] for group in groups if group]
        if groups
        else None,
        bins=4 if grouped else 0,
        width=8,
        embedding_hidden=16,
        feed_forward=16,
        pooling_hidden=64 if grouped else 8,
    )
    state = classifier.state_dict()
    for name in ("identity", "value", "encoding.slope", "encoding.offset", "membership"):
        key = f"embedding.{name}"
        if key in state:
            state[key] = state[key][features]
    state["embedding.membership"] = state["embedding.membership"][:, tokens]
    other.load_state_dict(state)
    return other.eval()


@pytest.mark.parametrize(
    ("family", "features"),
    [
        ("feature set", [0, 4, 5]),
        ("feature set", [0, 2, 3, 4, 5]),
        ("feature set of detectors", [0, 4, 5]),
        ("feature set of detectors", [0, 1, 4, 5]),
        ("feature set of detectors", [0, 1, 3, 5]),
    ],
)
def test_masking_equals_removing(
    family: str, features: list[int], rng: np.random.Generator
) -> None:
    classifier = made(family)
    assert isinstance(classifier, FeatureSetClassifier)
    complete = torch.from_numpy(rng.standard_normal((50, FEATURES)).astype(np.float32))
    masked = torch.full_like(complete, torch.nan)
    masked[:, features] = complete[:, features]
    # One batch with complete rows in it, which must not matter either.
    found = classifier(torch.cat([complete, masked]))[50:]
    expected = without(classifier, features)(complete[:, features])
    assert (found - classifier(complete)).abs().max() > 0.01
    torch.testing.assert_close(found, expected, rtol=0, atol=ROUNDING)


def test_the_order_of_features_is_free(rng: np.random.Generator) -> None:
    classifier = made("feature set")
    order = torch.from_numpy(rng.permutation(FEATURES))
    shuffled = made("feature set")
    with torch.no_grad():
        for name in ("identity", "value"):
            parameter = shuffled.get_parameter(f"embedding.{name}")
            parameter.copy_(parameter[order].clone())
    values = toy_values(40, rng)
    torch.testing.assert_close(
        shuffled(values[:, order]), classifier(values), rtol=0, atol=ROUNDING
    )
    assert (classifier(values[:, order]) - classifier(values)).abs().max() > 0.01


def test_feature_rows_are_the_one_hot_embedding(rng: np.random.Generator) -> None:
    """The published form: W1 [one-hot; value] + b1, ReLU, W2."""
    first, second = nn.Linear(FEATURES + 1, 16), nn.Linear(16, 8)
    embedding = FeatureEmbedding([[j] for j in range(FEATURES)], 16, 8)
    with torch.no_grad():
        embedding.identity.copy_(first.weight[:, :-1].T + first.bias)
        embedding.value.copy_(first.weight[:, -1].expand(FEATURES, 1, 16))
        embedding.output.load_state_dict(second.state_dict())
    values = torch.from_numpy(rng.standard_normal((20, FEATURES)).astype(np.float32))
    one_hot = torch.eye(FEATURES).expand(20, FEATURES, FEATURES)
    expected = second(first(torch.cat([one_hot, values.unsqueeze(2)], dim=2)).relu())
    tokens, absence = embedding(values)
    torch.testing.assert_close(tokens.view(20, FEATURES, 8), expected, rtol=0, atol=ROUNDING)
    assert (absence == 0).all()


def test_a_group_is_absent_only_when_all_its_features_are() -> None:
    embedding = FeatureEmbedding(GROUPS, 16, 8)
    values = torch.zeros(3, FEATURES)
    values[1, 2] = torch.nan
    values[2, 2:4] = torch.nan
    _, absence = embedding(values)
    assert absence[:, 2].tolist() == [0.0, 0.0, -1e9]
    assert (absence[:, [0, 1, 3]] == 0).all()


def test_groups_must_hold_every_feature_once() -> None:
    with pytest.raises(ValueError, match=r"groups must hold the features 0 to F-1 once"):
        FeatureEmbedding([[0, 1], [1]], 16, 8)
    with pytest.raises(ValueError, match="do not hold the 6 features once each"):
        FeatureSetClassifier(6, 1, groups=[[0, 1], [2]])


def as_torch(attention: SelfAttention, heads: int) -> nn.MultiheadAttention:
    """Torch's attention with the same weights."""
    usual = nn.MultiheadAttention(attention.width, heads, batch_first=True).eval()
    width = attention.width
    with torch.no_grad():
        parts = (attention.query, attention.key, attention.value)
        joint = [part.transpose(1, 2).reshape(width, width) for part in parts]
        usual.in_proj_weight.copy_(torch.cat(joint))
        usual.in_proj_bias.zero_()
        usual.in_proj_bias[:width] = attention.query_bias.flatten()
        # A bias of the keys changes nothing, which is why ours has none.
        usual.in_proj_bias[width : 2 * width] = 0.3
        usual.out_proj.weight.copy_(attention.output.transpose(0, 1).reshape(width, width))
        usual.out_proj.bias.copy_(attention.output_bias)
    return usual


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_attention_is_the_usual_one(heads: int) -> None:
    generator = torch.Generator().manual_seed(1)
    attention = SelfAttention(5, 8, heads)
    with torch.no_grad():
        attention.query_bias.normal_(generator=generator)
        attention.output_bias.normal_(generator=generator)
    sets = torch.randn(7, 5, 8, generator=generator)
    absent = torch.rand(7, 5, generator=generator) > 0.6
    absent[:, 0] = False
    found = attention(sets.view(-1, 8), absent * -1e9).view(7, 5, 8)
    expected, _ = as_torch(attention, heads)(sets, sets, sets, key_padding_mask=absent)
    torch.testing.assert_close(found, expected, rtol=0, atol=3e-6)


def test_pooling_is_a_weighted_mean_in_every_channel() -> None:
    pooling = AttentionPooling(3, 4, 8)
    tokens = torch.randn(6, 4, generator=torch.Generator().manual_seed(2))
    absence = torch.tensor([[0.0, 0.0, -1e9], [0.0, -1e9, -1e9]])
    weights = pooling.logits(tokens).view(2, 3, 4)[0, :2].exp()
    expected = (weights * tokens[:2]).sum(0) / weights.sum(0)
    found: Tensor = pooling(tokens, absence)
    torch.testing.assert_close(found[0], expected)
    torch.testing.assert_close(found[1], tokens[3])


def test_the_encoding_counts_crossed_quantiles(rng: np.random.Generator) -> None:
    encoding = PiecewiseLinear(2, 4)
    values = torch.from_numpy(rng.uniform(0, 8, (5001, 2)))
    values[::3, 1] = torch.nan
    encoding.fit(values)
    at = torch.tensor([[3.0, -50.0], [8.5, 7.0]])
    found = encoding(at)
    # Quartiles of a uniform distribution to 8 lie at 2, 4 and 6 within five standard errors.
    spread = 5 * 8 * (0.25 / len(values[::3])) ** 0.5 / 2
    expected = torch.tensor([[1, 0.5, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 0.5]])
    torch.testing.assert_close(found.flatten(0, 1), expected, rtol=0, atol=spread)


def test_the_encoding_of_a_discrete_feature_stays_finite() -> None:
    encoding = PiecewiseLinear(1, 8)
    encoding.fit(torch.tensor([[-1.0], [1.0]]).repeat(500, 1))
    codes = encoding(torch.tensor([[-1.0], [1.0], [5.0]]))
    assert torch.isfinite(codes).all()
    assert torch.equal(codes[1], codes[2])
    assert (codes[1] - codes[0]).sum() == 1.0
