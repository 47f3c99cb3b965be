"""Training the small encoder: data, masks, both tasks of mask reconstruction, labels, the probe."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.images.learn import pixels, probe, teacher
from mrpverify.images.learn.descend import DivergedError, descend, scheduled
from mrpverify.images.learn.encoder import (
    CLASSES,
    GRID,
    PATCH,
    SIDE,
    Classifier,
    Encoder,
    flat,
    fresh,
    load_flat,
)
from mrpverify.images.learn.images import augmented, batches, labelled, pool, shown
from mrpverify.images.learn.masks import hidden_patches, hide
from mrpverify.images.learn.train import network, train
from mrpverify.images.learn.training import Training
from tests.images.generated import coloured

WIDTH = 8


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def data():
    train_set = labelled(*coloured(30))
    return train_set, labelled(*coloured(10, 1), train_set)


def run(**changes):
    plan = Training(
        task="labels", salt="t", seed=0, data="generated", pool=200, labels=100, width=WIDTH,
        steps=40, batch=32, rate=3e-3,
    )  # fmt: skip
    return replace(plan, **changes)


def pretraining(task, **changes):
    return run(task=task, pictures="all", mask_ratio=0.6, rate=4e-3, **changes)


# --- what a run sees


def test_the_pool_is_balanced_and_labelled_sets_are_nested(data):
    whole = pool(run(), data[0])
    assert whole.labels.bincount().tolist() == [20] * CLASSES
    few = shown(run(labels=50), data[0])
    more = shown(run(labels=100), data[0])
    assert few.labels.bincount().tolist() == [5] * CLASSES
    assert torch.equal(more.images[:50], few.images)
    assert torch.equal(whole.images[:100], more.images)


def test_another_init_sees_the_same_images_and_another_seed_does_not(data):
    same = shown(run(init=1), data[0]).images
    assert torch.equal(same, shown(run(), data[0]).images)
    assert not torch.equal(same, shown(run(seed=1), data[0]).images)


def test_shuffled_labels_keep_images_and_counts(data):
    plain, mixed = shown(run(), data[0]), shown(run(shuffled=True), data[0])
    assert torch.equal(plain.images, mixed.images)
    assert torch.equal(plain.labels.sort()[0], mixed.labels.sort()[0])
    assert (plain.labels == mixed.labels).float().mean() < 0.4


def test_noise_has_the_brightness_of_the_images_and_nothing_of_their_content(data):
    noise = shown(replace(pretraining("pixels"), pictures="noise"), data[0])
    own = pool(run(), data[0])
    assert noise.images.shape == own.images.shape
    means = [x.images.float().mean((0, 1, 2)) for x in (noise, data[0])]
    torch.testing.assert_close(*means, atol=3, rtol=0)
    rows = [x.images.float().flatten(1) for x in (noise, own)]
    alike = torch.corrcoef(torch.cat(rows))[: len(own), len(own) :].abs()
    assert alike.max() < 0.15


def test_augmented_images_are_windows_of_the_reflected_image():
    image = torch.randint(0, 256, (1, SIDE, SIDE, 3), generator=stream(), dtype=torch.uint8)
    wide = np.pad(image[0].numpy(), ((4, 4), (4, 4), (0, 0)), mode="reflect")
    corners = [(r, c) for r in range(9) for c in range(9)]
    windows = {wide[r : r + SIDE, c : c + SIDE].tobytes() for r, c in corners}
    mirrored = {wide[r : r + SIDE, c : c + SIDE][:, ::-1].tobytes() for r, c in corners}
    seen = [x.numpy().tobytes() for x in augmented(image.expand(200, -1, -1, -1), stream(1))]
    assert all(x in windows or x in mirrored for x in seen)
    assert 60 < sum(x in mirrored for x in seen) < 140
    assert len(set(seen)) > 50


@given(n=st.integers(2, 40), batch=st.integers(1, 30), steps=st.integers(1, 12))
def test_no_image_comes_again_before_all_have_come(n, batch, steps):
    order = batches(n, batch, steps, stream()).flatten()
    assert len(order) == batch * steps
    for start in range(0, len(order) - n + 1, n):
        assert sorted(order[start : start + n].tolist()) == list(range(n))


# --- masks


@given(ratio=st.floats(0.02, 0.98), images=st.integers(1, 6), seed=st.integers(0, 9))
def test_every_image_hides_the_right_share_of_patches(ratio, images, seed):
    hidden = hidden_patches(images, ratio, stream(seed))
    assert hidden.shape == (images, GRID, GRID)
    assert (hidden.sum((1, 2)) == round(ratio * GRID**2)).all()


def test_every_patch_is_hidden_equally_often():
    often = hidden_patches(4000, 0.6, stream()).float().mean(0)
    ratio = round(0.6 * GRID**2) / GRID**2
    assert (often - ratio).abs().max() < 5 * (ratio * (1 - ratio) / 4000) ** 0.5


def test_hidden_patches_are_zero_and_the_others_untouched():
    images = torch.randn(3, 3, SIDE, SIDE, generator=stream())
    hidden = hidden_patches(3, 0.5, stream(1))
    shown_images = hide(images, hidden)
    for n, row, column in np.ndindex(3, GRID, GRID):
        place = n, slice(None), *(slice(PATCH * i, PATCH * (i + 1)) for i in (row, column))
        expected = torch.zeros(()) if hidden[n, row, column] else images[place]
        assert torch.equal(shown_images[place], expected.expand_as(shown_images[place]))


# --- the network


def test_shapes_of_the_network():
    net = Classifier(WIDTH)
    images = torch.randn(2, 3, SIDE, SIDE)
    first, last = net.encoder.maps(images)
    assert first.shape == (2, WIDTH, GRID, GRID)
    assert last.shape == (2, 2 * WIDTH, GRID // 2, GRID // 2)
    assert last.min() >= 0
    assert torch.equal(net(images), torch.zeros(2, CLASSES)), "the head begins at zero"


def test_an_image_does_not_see_the_others_of_its_batch():
    net = Encoder(WIDTH)
    fresh(net, stream())
    images = torch.randn(4, 3, SIDE, SIDE, generator=stream(1))
    torch.testing.assert_close(net(images)[:1], net(images[:1]), atol=1e-5, rtol=1e-4)


def test_group_norm_gives_every_group_mean_0_and_spread_1():
    net = Encoder(2 * WIDTH)
    fresh(net, stream())
    x = net.patches_norm(net.patches(torch.randn(3, 3, SIDE, SIDE, generator=stream(1))))
    groups = x.reshape(3, net.patches_norm.num_groups, -1)
    torch.testing.assert_close(groups.mean(2), torch.zeros(3, 8), atol=1e-5, rtol=0)
    torch.testing.assert_close(groups.var(2, correction=0), torch.ones(3, 8), atol=1e-3, rtol=0)


def test_no_first_kernel_sees_across_the_edge_of_a_patch():
    net = Encoder(WIDTH)
    images = torch.randn(1, 3, SIDE, SIDE, generator=stream())
    changed = images.clone()
    changed[:, :, :PATCH, :PATCH] += 1
    differs = (net.patches(images) != net.patches(changed)).any(1)[0]
    assert differs[0, 0]
    assert differs.sum() == 1


def test_weights_go_through_one_vector_and_back():
    one, other = Classifier(WIDTH), Classifier(WIDTH)
    fresh(one, stream())
    load_flat(other, flat(one))
    images = torch.randn(2, 3, SIDE, SIDE)
    assert torch.equal(one.encoder(images), other.encoder(images))
    with pytest.raises(ValueError, match="3 weights"):
        load_flat(other, torch.zeros(3))


# --- pixels


def test_patch_targets_are_the_standardised_patches():
    images = torch.randn(2, 3, SIDE, SIDE, generator=stream())
    targets = pixels.patch_targets(images)
    own = images[1, :, 4 * 3 : 4 * 4, 4 * 5 : 4 * 6].permute(1, 2, 0).flatten()
    expected = (own - own.mean()) / (own.std() + 0.1)
    torch.testing.assert_close(targets[1, 3, 5], expected)


def test_the_pixel_loss_looks_at_hidden_patches_alone():
    images = torch.randn(4, 3, SIDE, SIDE, generator=stream())
    hidden = hidden_patches(4, 0.6, stream(5))
    off = torch.full_like(pixels.patch_targets(images), 3.0)

    def answering(error):
        values = pixels.patch_targets(images) + error
        return pixels.loss(lambda x: x, lambda x: values, images, 0.6, stream(5))

    assert answering(off * ~hidden[..., None]) == 0
    torch.testing.assert_close(answering(off), torch.tensor(9.0))


def test_the_encoder_gets_no_hidden_pixel():
    images = torch.randn(2, 3, SIDE, SIDE, generator=stream())
    got = []
    pixels.loss(
        lambda x: got.append(x) or x,
        lambda x: torch.zeros(2, GRID, GRID, 3 * PATCH**2),
        images, 0.6, stream(5),
    )  # fmt: skip
    assert torch.equal(got[0], hide(images, hidden_patches(2, 0.6, stream(5))))


# --- teacher


def students():
    student, tutor = Encoder(WIDTH), Encoder(WIDTH)
    fresh(student, stream())
    fresh(tutor, stream(1))
    predictor = teacher.Predictor(student.channels, WIDTH)
    return student, tutor, predictor


def test_gradients_reach_student_and_predictor_but_never_the_teacher():
    student, tutor, predictor = students()
    images = torch.randn(4, 3, SIDE, SIDE, generator=stream(2))
    teacher.loss(student, tutor, predictor, images, 0.6, stream()).backward()
    assert all(p.grad is None for p in tutor.parameters())
    for net in (student, predictor):
        assert all(p.grad is not None and p.grad.abs().max() > 0 for p in net.parameters())


def test_the_teacher_follows_as_a_moving_average():
    student, tutor, _ = students()
    before, goal = flat(tutor), flat(student)
    teacher.follow(tutor, student)
    expected = teacher.MEMORY * before + (1 - teacher.MEMORY) * goal
    torch.testing.assert_close(flat(tutor), expected)
    assert torch.equal(flat(student), goal)


def test_targets_are_standardised_so_that_a_constant_map_is_no_solution():
    _, tutor, _ = students()
    targets = teacher.targets(tutor, torch.randn(16, 3, SIDE, SIDE, generator=stream(2)))
    assert targets.shape == (16, 3 * WIDTH, GRID // 2, GRID // 2)
    torch.testing.assert_close(targets.mean((0, 2, 3)), torch.zeros(3 * WIDTH), atol=1e-5, rtol=0)
    spread = targets.square().mean((0, 2, 3))
    torch.testing.assert_close(spread, torch.ones(3 * WIDTH), atol=1e-2, rtol=0)


# --- runs


@pytest.mark.parametrize("task", ["pixels", "teacher"])
def test_the_loss_of_mask_reconstruction_falls(task, data):
    curve = train(pretraining(task, steps=80), *data, None)["loss"]
    assert np.isfinite(curve).all()
    assert curve[-8:].mean() < 0.95 * curve[:8].mean()


def test_labels_are_learned_and_shuffled_ones_are_not(data):
    right = {}
    for shuffled in (False, True):
        found = train(run(steps=100, rate=3e-2, shuffled=shuffled), *data, None)
        right[shuffled] = (found["logits"].argmax(1) == data[1].labels.numpy()).mean()
        assert shuffled or found["loss"][-5:].mean() < 0.5 * found["loss"][:5].mean()
    assert right[False] > 0.4
    assert right[True] < 0.3


@pytest.mark.parametrize("task", ["pixels", "teacher", "labels"])
def test_a_run_repeats_itself_and_another_seed_or_init_differs(task, data):
    plan = run(steps=4) if task == "labels" else pretraining(task, steps=4)
    once = train(plan, *data, None)["weights"]
    np.testing.assert_array_equal(once, train(plan, *data, None)["weights"])
    for other in (replace(plan, seed=1), replace(plan, init=1), replace(plan, salt="u")):
        assert not np.array_equal(once, train(other, *data, None)["weights"])


def test_what_a_number_depends_on_is_part_of_the_address():
    on_gpu = run(device="cuda")
    assert len({t.key() for t in (run(), on_gpu, replace(on_gpu, precision="bfloat16"))}) == 3
    with pytest.raises(ValueError, match=r"images\.precision=bfloat16: allowed is float32"):
        run(precision="bfloat16")


def test_stored_logits_are_those_of_the_network(data):
    plan = run(steps=20, rate=3e-2)
    found = train(plan, *data, None)
    images = data[1].normalised(data[1].images)
    with torch.no_grad():
        again = network(plan, found["weights"])(images).numpy()
    assert found["logits"].dtype == np.float32
    np.testing.assert_allclose(found["logits"], again, rtol=1e-5, atol=1e-5)


def test_fine_tuning_begins_with_the_pretrained_encoder(data):
    start = pretraining("pixels", steps=4)
    weights = train(start, *data, None)["weights"]
    tuned = run(steps=1, rate=1e-12, start=start)
    found = network(tuned, train(tuned, *data, weights)["weights"])
    np.testing.assert_allclose(flat(found.encoder).numpy(), weights, atol=1e-6)
    alone = network(run(), train(run(steps=1, rate=1e-12), *data, None)["weights"])
    assert np.abs(flat(alone.encoder).numpy() - weights).max() > 1e-3


def test_snapshots_end_with_the_final_state(data):
    found = train(run(steps=9, snapshots=3), *data, None)
    assert found["snapshots"].shape == (3, found["weights"].size)
    np.testing.assert_array_equal(found["snapshots"][-1], found["weights"])
    assert not np.array_equal(found["snapshots"][0], found["snapshots"][1])


def test_the_probe_leaves_the_encoder_and_separates_what_can_be_separated(data):
    start = pretraining("pixels", steps=4)
    weights = train(start, *data, None)["weights"]
    plan = run(task="probe", steps=1, batch=1, rate=1.0, start=start)
    found = network(plan, train(plan, *data, weights)["weights"])
    np.testing.assert_array_equal(flat(found.encoder).numpy(), weights)
    head = Classifier(WIDTH)
    labels = torch.arange(CLASSES).repeat(4)
    features = torch.eye(CLASSES, 2 * WIDTH)[labels] + 0.01 * torch.randn(40, 2 * WIDTH)
    probe.fit_head(head, features, labels)
    assert torch.equal(head.head(features).argmax(1), labels)


# --- descent


@settings(max_examples=30)
@given(steps=st.integers(2, 400))
def test_the_rate_rises_then_falls_towards_zero(steps):
    rates = [scheduled(2e-3, step, steps) for step in range(steps)]
    top = rates.index(max(rates))
    assert max(rates) <= 2e-3
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert min(rates) > 0
    assert top <= max(1, round(0.05 * steps))


def test_a_loss_that_is_not_finite_is_named_with_its_step():
    weight = torch.nn.Parameter(torch.ones(1))
    with pytest.raises(DivergedError, match="after 3 steps"):
        descend([weight], 1e-3, 5, lambda step: weight.sum() / (0 if step == 2 else 1))
