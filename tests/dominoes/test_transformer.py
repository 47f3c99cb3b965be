"""The transformer on dominoes: its canvas, its masks, its losses, its arms and its claims."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from mrpverify.claims.dominoes import transformer as claims
from mrpverify.claims.registry import select
from mrpverify.dominoes.draw import choose, draw
from mrpverify.dominoes.pictures import bank
from mrpverify.dominoes.transformer import arms, runs
from mrpverify.dominoes.transformer import network as net
from mrpverify.dominoes.transformer.canvas import canvas, grid, patches, positions, whole
from mrpverify.dominoes.transformer.learn import (
    Draws,
    Labelled,
    Task,
    classify,
    descend,
    features,
    probed,
    reconstruct,
)
from mrpverify.dominoes.transformer.size import SIZES, Size
from mrpverify.images.learn.descend import DivergedError
from mrpverify.images.setup import ImageSettings, Setup
from mrpverify.judge.verdicts import Verdict
from mrpverify.records.collect import Machine
from mrpverify.records.store import CACHE_VARIABLE, Store
from mrpverify.simulate.seeding import generator

SHAPE = net.Shape(4, 6, 9, 8, 2, 2, 4, 1)
TASK = Task(SHAPE, 6)
LEARNS = Size(
    width=16, layers=1, heads=2, decoder_width=8, decoder_layers=1, side=14,
    pretraining_steps=30, pretraining_batch=20, pretraining_rate=3e-3,
    label_steps=60, label_batch=20, label_rate=3e-3, longer=1, images=60, test_images=100,
)  # fmt: skip
"""Made pictures, bright blocks, are told apart by so little."""


def weights(seeds=2, shape=SHAPE):
    fresh, decoder = arms.inits(shape, 3, "t", range(seeds))
    return {**fresh, **decoder}


def images(seeds=2, number=5, shape=SHAPE, seed=0):
    stream = torch.Generator().manual_seed(seed)
    tokens = torch.randn(seeds, number, shape.tokens, shape.values, generator=stream)
    return Labelled(tokens, torch.randint(3, (seeds, number), generator=stream))


def order(seeds=2, number=5, shape=SHAPE):
    streams = [generator("t", seed, "order") for seed in range(seeds)]
    return Draws(streams, number, number, 1).places(shape.tokens)


@pytest.mark.usefixtures("pictures")
def test_the_canvas_shows_exactly_the_laws_pictures_each_at_its_place():
    p = claims.regime("tiny")
    own, drawn = canvas(p, "a", 3, "data"), draw(p, "a", 3, "data")
    assert own.pixels.shape == (p.images, 3 * 28, 4 * 28)
    torch.testing.assert_close(own.labels, drawn.labels)
    for image in range(p.images):
        places = own.places[image].tolist()
        assert sorted(places) == list(range(12))
        for picture, place in enumerate(places):
            top, left = 28 * (place // 4), 28 * (place % 4)
            shown = own.pixels[image, top : top + 28, left : left + 28]
            law = drawn.patches[image, picture].reshape(28, 28).float()
            assert torch.equal(shown, law)
    # ... and these are the pixels of the chosen pictures, times their contrast and one scale.
    shown = choose(p, bank(p), "a", 3, "data")
    first = bank(p).of["train"]["digits"][int(shown.place[0, 0])][int(shown.picture[0, 0])]
    np.testing.assert_allclose(
        drawn.patches[0, 0], p.loudness * float(shown.contrast[0, 0]) * first, rtol=1e-6
    )


@pytest.mark.usefixtures("pictures")
def test_a_place_says_nothing_about_a_view():
    """480 pictures of view 1 on 12 places: 40 a place, 6 sigma are 36 (chance below 1e-7)."""
    p = replace(claims.regime("tiny"), images=120)
    places = canvas(p, "a", 0, "data").places[:, : p.patches_per_feature]
    number = torch.bincount(places.flatten(), minlength=12)
    assert ((number - 40).abs() < 36).all()
    assert not torch.equal(places, canvas(p, "a", 1, "data").places[:, : p.patches_per_feature])


def test_patches_of_an_image_are_its_squares_row_by_row_and_make_it_again():
    pixels = torch.arange(2 * 84 * 112.0).reshape(2, 84, 112)
    cut = patches(pixels, 7)
    assert cut.shape == (2, 192, 49)
    assert torch.equal(cut[1, 17].reshape(7, 7), pixels[1, 7:14, 7:14])
    assert torch.equal(whole(cut, 84, 112), pixels)
    assert [grid(n) for n in (12, 9, 7, 6)] == [(3, 4), (3, 3), (1, 7), (2, 3)]


def test_positions_differ_from_place_to_place():
    found = positions(12, 16, 48)
    assert found.shape == (192, 48)
    apart = torch.cdist(found, found) + 9 * torch.eye(192)
    assert apart.min() > 0.1


def test_masks_hide_the_same_number_everywhere_and_every_patch_as_often():
    """Hidden 0.75 of 24 patches in 4000 images: each 3000 times, 6 sigma are 165."""
    places = order(seeds=2, number=2000)
    assert torch.equal(places.sort(-1).values, torch.arange(24).expand(2, 2000, 24))
    assert Size.visible(LEARNS, 24) == 6
    hidden = places[..., 6:].flatten().bincount(minlength=24)
    assert ((hidden - 3000).abs() < 165).all()
    assert not torch.equal(places[0], places[1])
    assert SIZES["full"].shape(12).tokens == 192
    assert SIZES["full"].visible(192) == 48


def test_the_loss_is_that_of_hidden_patches_alone():
    own, data, places = weights(), images(), order()
    seen, hidden = places[..., :6], places[..., 6:]
    loss = reconstruct(own, TASK, data, places)
    predicted = net.decode(own, SHAPE, net.encode(own, SHAPE, data.tokens, seen), seen)
    error = (predicted - data.tokens).square().mean(-1)
    torch.testing.assert_close(loss, error.gather(2, hidden).mean((1, 2)))
    assert not torch.allclose(loss, error.mean((1, 2)))
    # A hidden patch moves the loss as its target, and no prediction: the encoder never saw it.
    target = hidden[0, 0, 0]
    moved = data.tokens.clone()
    moved[0, 0, target] += 1
    same = net.decode(own, SHAPE, net.encode(own, SHAPE, moved, seen), seen)
    assert torch.equal(same, predicted)
    assert reconstruct(own, TASK, Labelled(moved, data.labels), places)[0] != loss[0]


def test_a_seen_patch_moves_predictions_and_its_own_error_counts_nothing():
    own, data, places = weights(), images(), order()
    given = data.tokens.clone().requires_grad_()
    seen = places[..., :6]
    net.decode(own, SHAPE, net.encode(own, SHAPE, given, seen), seen).square().sum().backward()
    reached = given.grad.abs().sum(-1) > 0
    assert torch.equal(reached, torch.zeros_like(reached).scatter(2, seen, True))


def test_seeds_do_not_see_each_other():
    """Two seeds at once have the losses and the gradients of each alone."""
    own, data, places = weights(), images(), order()
    together = {name: value.clone().requires_grad_() for name, value in own.items()}
    losses = reconstruct(together, TASK, data, places)
    losses.sum().backward()
    for seed in range(2):
        alone = {n: v[seed : seed + 1].clone().requires_grad_() for n, v in own.items()}
        part = Labelled(data.tokens[seed : seed + 1], data.labels[seed : seed + 1])
        loss = reconstruct(alone, TASK, part, places[seed : seed + 1])
        loss.sum().backward()
        torch.testing.assert_close(loss[0], losses[seed])
        for name, value in alone.items():
            if value.grad is not None:
                torch.testing.assert_close(value.grad[0], together[name].grad[seed])


def test_the_block_is_that_of_torch():
    """One seed with the weights of torch.nn.TransformerEncoderLayer gives what that gives."""
    own = net.fresh_encoder(SHAPE, 3, generator("t", 0, "x"))
    layer = torch.nn.TransformerEncoderLayer(
        8, 2, 32, 0.0, torch.nn.functional.gelu, batch_first=True, norm_first=True
    )
    names = {
        "self_attn.in_proj_": "look", "self_attn.out_proj.": "tell", "linear1.": "widen",
        "linear2.": "narrow", "norm1.": "norm", "norm2.": "second norm",
    }  # fmt: skip
    theirs = {
        f"{there}{part}": own[f"block 0 {here}.{part}"].mT
        if own[f"block 0 {here}.{part}"].ndim > 1
        else own[f"block 0 {here}.{part}"]
        for there, here in names.items()
        for part in ("weight", "bias")
    }
    layer.load_state_dict(theirs)
    x = torch.randn(1, 3, 24, 8, generator=torch.Generator().manual_seed(1))
    found = net._block(net.stacked([own]), "block 0", 2, x)
    torch.testing.assert_close(found[0], layer.train()(x[0]), rtol=1e-4, atol=1e-5)


def test_what_is_dropped_is_not_seen_and_order_does_not_matter():
    own, data, places = weights(), images(), order()
    seen = places[..., :6]
    loss = classify(own, TASK, data, seen)
    blanked = data.tokens.scatter(2, places[..., 6:, None].expand(-1, -1, -1, 9), 7.0)
    torch.testing.assert_close(classify(own, TASK, Labelled(blanked, data.labels), seen), loss)
    found = net.pooled(net.encode(own, SHAPE, data.tokens))
    every = net.pooled(net.encode(own, SHAPE, data.tokens, places))
    torch.testing.assert_close(found, every, rtol=1e-4, atol=1e-5)


def test_a_loss_that_is_lost_is_said():
    own = {"w": torch.ones(1, 1)}
    with pytest.raises(DivergedError, match=r"no longer finite in 2 steps at a rate of 0\.1"):
        descend(own, lambda w, step: w["w"].flatten() * float("inf"), 2, 0.1, lambda: None)


def test_a_probe_is_the_best_head_of_its_penalty():
    """The gradient of what it minimises is zero there."""
    own, data = weights(), images(number=40)
    task = Task(SHAPE, 6)
    found = probed(own, task, data)
    x = features(own, task, data)[0].double()
    head = found["head.weight"][0].double().requires_grad_()
    bias = found["head.bias"][0].double().requires_grad_()
    spread = x.std(0) + 1e-6
    loss = torch.nn.functional.cross_entropy(x @ head + bias, data.labels[0])
    loss = loss + 1e-3 * (head * spread[:, None]).square().sum()
    loss.backward()
    assert head.grad.abs().max() < 1e-4
    assert bias.grad.abs().max() < 1e-4
    unlike = [n for n in own if not torch.equal(own[n], found[n])]
    assert unlike == ["head.weight", "head.bias"]


@pytest.fixture(scope="module")
def found(made):
    """Two seeds of a small comparison on made pictures, with the init every arm began with."""
    begins = {}

    def kept(name):
        original = getattr(arms, name)

        def call(start, *rest, **named):
            begins.setdefault(name, []).append(start)
            return original(start, *rest, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(made))
        for name in ("pretrain", "learn_labels", "probed"):
            patch.setattr(arms, name, kept(name))
        p = replace(claims.regime("tiny"), images=LEARNS.images, test_images=LEARNS.test_images)
        shares = []
        both = arms.compared(p, LEARNS, "a", [0, 1], heard=shares.append)
        number = {name: len(calls) for name, calls in begins.items()}
        alone = arms.compared(p, LEARNS, "a", [1])
    return both, alone, begins, number, shares


def test_every_arm_begins_with_the_same_init(found):
    _, _, begins, number, _ = found
    assert number == {"pretrain": 1, "learn_labels": 6, "probed": 2}
    (mae,) = begins["pretrain"][:1]
    tuned, shuffled, *scratch = begins["learn_labels"][:6]
    for start in scratch:
        assert all(torch.equal(start[name], mae[name]) for name in start)
    assert all(torch.equal(tuned[name], shuffled[name]) for name in tuned)
    assert not torch.equal(tuned["embed.weight"], mae["embed.weight"])
    assert (tuned["head.weight"] == 0).all()
    assert len(scratch) == 4


def test_labels_are_learned_and_shuffled_ones_end_at_chance(found):
    """Chance is 0.2; of 2 x 200 test images 6 sigma are 0.12."""
    both, *_ = found
    at = {arm: both.accuracy[:, row].mean(0) for row, arm in enumerate(arms.ARMS)}
    assert at[arms.SUPERVISED][0] > 0.5
    assert at[arms.TUNED][0] > 0.5
    assert np.abs(at[arms.SHUFFLED][:2].mean() - 0.2) < 0.12
    assert both.loss[arms.PRETRAINING][:, -1].mean() < 0.97 * both.loss[arms.PRETRAINING][0, 0]


def test_a_seed_is_what_it_is_alone_and_the_work_is_counted_to_its_end(found):
    both, alone, _, _, shares = found
    for arm, curve in alone.loss.items():
        np.testing.assert_allclose(curve[0], both.loss[arm][1], rtol=0.02, atol=0.01)
    assert (np.diff(shares) > 0).all()
    assert shares[-1] == pytest.approx(1)


def setup(seeds=2, store=None, **settings):
    own = ImageSettings(transformer="tiny", **settings)
    return Setup(own, seeds, "a", Machine("cpu"), store)


@pytest.mark.usefixtures("pictures")
def test_a_comparison_is_stored_and_belongs_to_its_size_data_and_draw(tmp_path, monkeypatch):
    store = Store(tmp_path)
    heard = []
    first = claims.evidence(replace(setup(store=store), progress=lambda *x: heard.append(x)))
    assert heard[0] == (0, 2000)
    assert heard[-1] == (2000, 2000)
    monkeypatch.setattr(runs, "compared", None)  # would fail where it is called
    xr.testing.assert_identical(claims.evidence(setup(store=store)), first)
    one = runs.Comparison(parameters=claims.regime("tiny"), size="tiny", salt="a", seed=0)
    others = [replace(one, size="small"), replace(one, salt="b"), replace(one, seed=1)]
    assert len({c.key() for c in (one, *others)}) == 4


@pytest.mark.usefixtures("pictures")
def test_bfloat16_is_refused_on_a_cpu():
    with pytest.raises(ValueError, match="bfloat16: allowed is float32 on a CPU"):
        claims.evidence(setup(precision="bfloat16"))


def made_up(seeds=16, **accuracy):
    """Evidence with these single-view accuracies by arm; elsewhere 0.5."""
    values = xr.DataArray(
        np.full((seeds, len(arms.ARMS), 3), 0.5),
        dims=("seed", "arm", "images"),
        coords={"arm": list(arms.ARMS), "images": [arms.MULTI, arms.SINGLE, arms.TRAINING]},
    )
    for arm, value in accuracy.items():
        values.loc[{"arm": getattr(arms, arm), "images": arms.SINGLE}] = value
    return xr.Dataset(
        {"accuracy": values, "final_loss": (("trained", "seed"), np.full((2, seeds), 0.7))},
        attrs={"size": "tiny", "device": "cpu", "written": "then", "precision": "float32"},
    )


def judged(name, evidence):
    (claim,) = select([name])
    controls = [
        (c, claim.measure(setup(16), c.look(setup(16), evidence))) for c in claim.controls[None]
    ]
    return claim.measure(setup(16), evidence), [c.failed(setup(16), m) for c, m in controls]


def test_the_claims_can_be_supported_and_refuted_and_their_controls_fail():
    gain = judged("D.transformer", made_up(TUNED=0.9, LONGER=0.6))
    assert gain[0].measured is Verdict.SUPPORTED
    assert gain[1] == [True, True]
    assert judged("D.transformer", made_up(TUNED=0.9, LONGER=0.89))[0].measured is Verdict.REFUTED
    mask = judged("D.transformer-mask", made_up(TUNED=0.9, MASKED_LONGER=0.9))
    assert mask[0].measured is Verdict.REFUTED
    assert judged("D.transformer-mask", made_up(TUNED=0.9))[0].measured is Verdict.SUPPORTED
    probe = judged("D.transformer-probe", made_up(PROBE=0.8))
    assert probe[0].measured is Verdict.SUPPORTED
    assert probe[1] == [True]
    row = gain[0].details["differences"][0]
    assert row["mean"]["mean"] == pytest.approx(0.4)
    low, high = row["mean"]["interval"]
    assert low < 0.4 < high


def command(*arguments, cache):
    return subprocess.run(
        [sys.executable, "-m", "mrpverify", "check", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, CACHE_VARIABLE: str(cache)},
    )  # fmt: skip


def test_a_user_runs_it_at_tiny_size(made, tmp_path):
    record = tmp_path / "record.json"
    ran = command(
        "transformer", "--set", "images.transformer=tiny", "--seeds", "4", "--device", "cpu",
        "--salt", "made", "--json", str(record), cache=made,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "size tiny: 1 layers of width 8, patches of 7 x 7, 75% hidden" in " ".join(
        ran.stdout.split()
    )
    found = json.loads(record.read_text())["claims"]
    assert [c["id"] for c in found] == [
        "D.transformer",
        "D.transformer-mask",
        "D.transformer-probe",
    ]
    each = found[0]["details"]["accuracy_of_each_seed"]
    assert set(each) == set(arms.ARMS)
    assert all(len(values) == 4 for arm in each.values() for values in arm.values())


def test_a_size_that_there_is_not_is_refused_with_those_that_there_are(made):
    ran = command("D.transformer", "--set", "images.transformer=huge", cache=made)
    assert ran.returncode == 2
    assert "images.transformer='huge'" in ran.stderr
    assert "'tiny', 'small' or 'full'" in ran.stderr
