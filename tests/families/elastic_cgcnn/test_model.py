"""The network: the published formula, its symmetries, and gradients everywhere."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from matops.core.learning.features import Batch
from matops.core.learning.stacking import stack
from matops.families.elastic_cgcnn.config import ElasticConfig, NetworkConfig
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.features import featurize
from matops.families.elastic_cgcnn.gates import REWRITINGS
from matops.families.elastic_cgcnn.model import (
    CrystalConvolution,
    CrystalGraphNetwork,
    GaussianExpansion,
)

Build = Callable[..., Crystal]
CONFIG = ElasticConfig()
PUBLISHED = NetworkConfig(
    bond_orders=False, element_properties=False, reduced_lengths=False, crystal_state=False
)


def batch_of(crystals: list[Crystal]) -> Batch:
    return featurize(crystals, CONFIG.graph).batch(torch.arange(len(crystals)))


def network(config: NetworkConfig = CONFIG.network, n_targets: int = 2) -> CrystalGraphNetwork:
    torch.manual_seed(0)
    return CrystalGraphNetwork(replace(CONFIG, network=config), n_targets)


def settle(convolution: CrystalConvolution) -> None:
    """Give the batch norms statistics and weights that are not those of a fresh layer."""
    for norm in (convolution.message_norm, convolution.sum_norm):
        norm.running_mean.normal_(0, 0.5)
        norm.running_var.uniform_(0.3, 2.0)
        torch.nn.init.normal_(norm.weight, 1.0, 0.3)
        torch.nn.init.normal_(norm.bias, 0.0, 0.3)


def test_convolution_is_the_published_formula_on_concatenated_vectors() -> None:
    torch.manual_seed(1)
    n, m, width, edge_width = 7, 40, 5, 6
    convolution = CrystalConvolution(width, edge_width).eval()
    settle(convolution)
    atoms, edges = torch.randn(n, width), torch.randn(m, edge_width)
    centre, neighbour = torch.randint(n, (m,)), torch.randint(n, (m,))
    weight = torch.rand(m)
    layers = (convolution.centre, convolution.neighbour, convolution.edge)
    matrix = torch.cat([layer.weight for layer in layers], dim=1)
    messages = convolution.message_norm, convolution.sum_norm
    expected = []
    with torch.no_grad():
        for i in range(n):
            total = torch.zeros(width)
            for k in torch.nonzero(centre == i).flatten():
                z = torch.cat([atoms[i], atoms[neighbour[k]], edges[k]])
                normed = messages[0]((matrix @ z + convolution.centre.bias)[None])[0]
                gate, core = normed[:width], normed[width:]
                total += weight[k] * torch.sigmoid(gate) * softplus(core)
            expected.append(softplus(atoms[i] + messages[1](total[None])[0]))
        found = convolution(atoms, edges, centre, neighbour, weight)
    assert torch.allclose(found, torch.stack(expected), atol=1e-5)


def test_slices_start_with_the_bound_of_the_whole_layer() -> None:
    torch.manual_seed(0)
    convolution = CrystalConvolution(64, 41)
    bound = (64 + 64 + 41) ** -0.5
    for layer in (convolution.centre, convolution.neighbour, convolution.edge):
        largest = float(layer.weight.detach().abs().max())
        assert 0.98 * bound < largest <= bound


def test_gaussians_are_one_at_their_centre_and_fall_by_e_a_step_away() -> None:
    expansion = GaussianExpansion(0.0, 8.0, 0.2)
    assert expansion.centres.shape == (41,)
    assert float(expansion.centres[-1]) == pytest.approx(8.0)
    found = expansion(torch.tensor([2.0, 2.2, 8.0]))
    assert found[0, 10].item() == pytest.approx(1.0)
    assert found[1, 10].item() == pytest.approx(np.exp(-1), rel=1e-4)
    assert found[1, 12].item() == pytest.approx(np.exp(-1), rel=1e-4)
    assert found[2, 0].item() < 1e-12


@pytest.mark.parametrize("config", [PUBLISHED, NetworkConfig()])
def test_all_members_in_one_pass_answer_as_each_does_alone(
    crystals: list[Crystal], config: NetworkConfig
) -> None:
    members = []
    for seed in range(3):
        torch.manual_seed(seed)
        members.append(CrystalGraphNetwork(replace(CONFIG, network=config), 2).eval())
        for convolution in members[-1].convolutions:
            settle(convolution)
    batch = batch_of(crystals)
    with torch.no_grad():
        together = stack(members)(batch)
        alone = torch.stack([member(batch) for member in members])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    assert (alone.std(0) > 1e-3).all()


@pytest.mark.parametrize("n_targets", [1, 2, 5])
def test_number_of_targets_is_free(crystals: list[Crystal], n_targets: int) -> None:
    answer = network(n_targets=n_targets)(batch_of(crystals))
    assert answer.shape == (len(crystals), n_targets)
    assert torch.isfinite(answer).all()


@pytest.mark.parametrize("config", [PUBLISHED, NetworkConfig(), NetworkConfig(n_conv=1, n_h=3)])
def test_every_parameter_has_a_gradient(crystals: list[Crystal], config: NetworkConfig) -> None:
    model = network(config).train()
    model(batch_of(crystals)).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        # A bias before a batch norm is taken out again, but for the arithmetic.
        if not name.endswith("centre.bias"):
            assert parameter.grad.abs().max() > 0, name


def test_published_form_has_the_published_widths() -> None:
    model = network(PUBLISHED)
    assert model.embedding.weight.shape == (64, 92)
    assert len(model.convolutions) == 3
    assert model.convolutions[0].edge.weight.shape == (128, 41)
    assert model.hidden[0].weight.shape == (128, 64)
    assert model.output.weight.shape == (2, 128)


def test_ours_reads_bond_orders_and_the_published_form_does_not(crystals: list[Crystal]) -> None:
    batch = batch_of(crystals)
    turned = Batch(
        {**batch.tensors, "atom.order": batch["atom.order"].flip(0)}, batch.sample_of, batch.size
    )
    with torch.no_grad():
        ours, theirs = network().eval(), network(PUBLISHED).eval()
        assert (ours(turned) - ours(batch)).abs().max() > 1e-3
        assert torch.equal(theirs(turned), theirs(batch))


@pytest.mark.parametrize("rewriting", REWRITINGS)
def test_answer_does_not_depend_on_how_the_crystal_is_written(
    crystals: list[Crystal], rewriting: str
) -> None:
    model = network()
    with torch.no_grad():
        model.train()(batch_of(crystals))
        model.eval()
        rng = np.random.default_rng(0)
        rewritten = [REWRITINGS[rewriting](crystal, rng) for crystal in crystals]
        assert torch.allclose(model(batch_of(rewritten)), model(batch_of(crystals)), atol=1e-4)


def test_crystals_that_differ_in_element_scale_or_structure_get_different_answers(
    cubic: Build,
) -> None:
    crystals = [cubic("fcc", 3.6), cubic("fcc", 3.7), cubic("bcc", 2.87), cubic("fcc", 3.6, "Ag")]
    with torch.no_grad():
        answers = network().eval()(batch_of(crystals))
    distance = torch.cdist(answers, answers) + torch.eye(4)
    assert distance.min() > 1e-4


def test_ordering_of_a_batch_does_not_matter(crystals: list[Crystal]) -> None:
    model = network().eval()
    packed = featurize(crystals, CONFIG.graph)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    with torch.no_grad():
        shuffled = model(packed.batch(order))
        assert torch.allclose(shuffled, model(batch_of(crystals))[order], atol=1e-5)
