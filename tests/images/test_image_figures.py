"""Figures of real images from generated numbers and pictures: what is drawn was counted."""

import io
from types import SimpleNamespace

import matplotlib.image
import numpy as np
import pytest
import torch
import xarray as xr

from mrpverify.claims.images import fingerprints, gain, multiview
from mrpverify.claims.images.fingerprint_pictures import COUNTED
from mrpverify.drawing import style as style_of_figures
from mrpverify.images import photo_parts as parts_of_photos
from mrpverify.images import resnet50
from mrpverify.images.cifar_study import METHODS, SEEN, Study, name_of
from mrpverify.images.comparison import PRETRAINED, SUPERVISED
from mrpverify.images.eigen_cam import EigenCam
from mrpverify.images.figures import (
    label_efficiency,
    overlap_of_inits,
    paired_networks,
    photo_parts,
    saliency,
    under_occlusion,
    windows_per_photo,
)
from mrpverify.images.occlusion import FILLS, places
from mrpverify.images.overlap import EQUAL_STEPS, LONG, MATCHED, OWN
from mrpverify.images.photo_parts import PhotoParts, View
from mrpverify.images.photo_views import DECIDES, GRIDS, NOT_TRIED, joined, record_of
from mrpverify.images.photos import Photo
from mrpverify.images.saliency import Gaze, Seen, first_of_each, lost_by_patch
from mrpverify.images.setup import ImageSettings
from mrpverify.judge.findings import Picture
from mrpverify.judge.intervals import clopper_pearson, mean_interval

RANDOM = np.random.default_rng(0)
ARMS = ("pixels", "teacher", "noise", "shuffled", "untrained")
SEEDS = 5


def picture(figure):
    """The figure can be written, and is not empty."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=30)
    assert matplotlib.image.imread(io.BytesIO(out.getvalue())).std() > 0.05


def values(*shape):
    return RANDOM.uniform(0.2, 0.9, shape)


# --- windows


def looks():
    """Three recognised photos and one that is not: 2, 1 and 0 sufficient windows of each grid."""
    photos = []
    for name, first, good in (("a", 7, 2), ("b", 7, 1), ("c", 7, 0), ("d", 8, 4)):
        parts = []
        for grid, windows in GRIDS.items():
            seen = np.full(len(windows), 3)
            seen[:good] = 7
            seen[-1] = 5  # the runner-up
            random = np.full(len(windows), 3 if grid == DECIDES else NOT_TRIED)
            parts.append(record_of(7, first, 5, grid, seen, random).assign_coords(photo=[name]))
        photos.append(joined(parts))
    together = xr.concat(photos, dim="photo")
    return together.assign(asked=together["label"], answer=together["window_first"])


def test_windows_are_counted_for_the_own_class_and_the_controls_on_every_grid():
    own, runner_up, random = multiview.counts_of_windows(looks()).values()
    assert own["grid 96 px (decides)"].tolist() == [2, 1, 0]
    assert own["96 px (overlapping)"].tolist() == [1, 1, 0]  # the first two overlap
    assert len(own) == len(runner_up) == len(GRIDS)
    assert all(counts.tolist() == [1, 1, 1] for counts in runner_up.values())
    assert {grid: counts.tolist() for grid, counts in random.items()} == {
        "grid 96 px (decides)": [0, 0, 0]
    }


def test_windows_per_photo_draws_shares_with_exact_intervals_and_all_photos():
    counts = multiview.counts_of_windows(looks())
    figure, numbers = windows_per_photo.draw(counts, 0.5, 0.1)
    picture(figure)
    row = numbers[list(next(iter(counts.values()))).index("grid 96 px (decides)")]
    assert (row["photos"], row["share"]) == (1, pytest.approx(1 / 3))
    assert (row["low"], row["high"]) == clopper_pearson(1, 3)
    by_number = [r for r in numbers if r["panel"] == "photos by number"]
    for kind, by_grid in counts.items():
        for grid in by_grid:
            own = [r for r in by_number if (r["kind"], r["windows"]) == (kind, grid)]
            assert sum(r["photos"] for r in own) == 3
    bars = [patch for axes in figure.axes[1:] for patch in axes.patches]
    assert sum(bar.get_height() for bar in bars) == 3 * (2 * len(GRIDS) + 1)


# --- labels


def accuracies():
    """A study with random accuracies for exactly the runs that the study has."""
    study = Study(ImageSettings(labels=(100, 300, 1000), pool=1000), "a", 0, "generated")
    runs, ratios = list(study.runs()), list(study.sweep())
    return xr.Dataset(
        {
            "accuracy": (("seed", "run"), values(SEEDS, len(runs))),
            "by_ratio": (("sweep_seed", "ratio"), values(2, len(ratios))),
        },
        coords={"run": runs, "ratio": ratios},
        attrs={"few": 100, "labels": [100, 300, 1000], "test_images": 1000, "seen": "all"},
    )


def test_label_efficiency_draws_both_budgets_and_all_arms_at_every_label_count():
    found = accuracies()
    figure, numbers = label_efficiency.draw(found, SEEN)
    picture(figure)
    for seen in SEEN:
        own = [r for r in numbers if seen in r["panel"]]
        assert len(own) == 3 * (len(label_efficiency.BUDGETS) + len(METHODS)) + 1
    run = found["accuracy"].sel(run=name_of("teacher", "labelled", 300)).values
    (row,) = [
        r
        for r in numbers
        if (r["panel"], r["curve"], r["x"])
        == ("pretrained on the labelled images", "data2vec-style, fine-tuned", 300)
    ]
    assert row["mean"] == pytest.approx(run.mean())
    assert (row["low"], row["high"]) == mean_interval(run)
    assert len([r for r in numbers if r["panel"] == "mask ratio"]) == found.sizes["ratio"]
    assert len([r for r in numbers if r["panel"] == "linear probe"]) == 6


def test_all_labelled_is_the_same_run_as_all_of_the_pool():
    runs = Study(ImageSettings(), "a", 0, "generated").runs()
    pool, some = 10_000, 3_000
    assert runs[name_of("pixels", "labelled", pool)] == runs[name_of("pixels", "all", pool)]
    start = runs[name_of("pixels", "labelled", some)].start
    assert (start.pictures, start.labels) == ("labelled", some)


def test_one_seed_has_no_interval():
    figure, numbers = label_efficiency.draw(accuracies().isel(seed=[0], sweep_seed=[0]), ["all"])
    picture(figure)
    assert {(r["low"], r["high"]) for r in numbers} == {("", "")}


# --- matched networks


def compared():
    shape = (SEEDS, len(ARMS), 2)
    axes = ("seed", "arm", "network")
    return xr.Dataset(
        {name: (axes, values(*shape)) for name in ("accuracy", *COUNTED)}
        | {
            "still_right": ((*axes, "fill", "window"), values(*shape, 2, 2)),
            "both_right": (("seed", "arm"), RANDOM.integers(10, 90, shape[:2])),
        },
        coords={
            "arm": list(ARMS), "network": [PRETRAINED, SUPERVISED], "fill": list(FILLS),
            "window": ["own most decisive", "centre"],
        },
    )  # fmt: skip


def test_occlusion_draws_every_arm_window_and_filling():
    seen = compared()
    figure, numbers = under_occlusion.draw(seen)
    picture(figure)
    assert len(numbers) == len(ARMS) * 2 * 2 * 2
    where = {"arm": "shuffled", "network": SUPERVISED, "window": "centre", "fill": "shuffled"}
    own = seen["still_right"].sel(where).values
    (row,) = [
        r
        for r in numbers
        if (r["pair"], r["network"], r["window"], r["fill"]) == tuple(where.values())
    ]
    assert (row["mean"], row["low"]) == (own.mean(), mean_interval(own)[0])
    named = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    clean = seen["accuracy"].sel(arm="pixels").mean("seed").values
    assert named[0].splitlines()[1] == f"clean {clean[0]:.2f} | {clean[1]:.2f}"


def test_paired_networks_draw_one_line_per_seed_and_arm():
    figure, numbers = paired_networks.draw(compared(), {"regions": "regions"})
    picture(figure)
    assert len(numbers) == 2 * len(ARMS)
    joined_seeds = [x for x in figure.axes[0].lines if len(x.get_xdata()) == 2]
    assert len(joined_seeds) == SEEDS * len(ARMS)


def test_overlap_draws_own_and_supervised_networks():
    networks = [OWN, MATCHED, EQUAL_STEPS, LONG]
    arms = [arm for arm in ARMS if arm != "teacher"]
    axes = ("seed", "arm", "network")
    found = xr.Dataset(
        {name: (axes, values(SEEDS, len(arms), 4)) for name in ("cka", "accuracy")},
        coords={"arm": arms, "network": networks},
    )
    figure, numbers = overlap_of_inits.draw(found)
    picture(figure)
    assert len(numbers) == 4 * len(arms)
    assert numbers[1]["mean"] == float(found["cka"].sel(arm="pixels", network=MATCHED).mean())


def test_every_arm_has_a_name_and_a_colour():
    assert set(style_of_figures.ARM_NAMES) == set(style_of_figures.ARM_COLOURS)
    assert {*ARMS, "supervised"} <= set(style_of_figures.ARM_NAMES)


# --- sheets of pictures


def test_the_patches_that_matter_are_those_of_the_windows_that_cost():
    chances = np.full((1, len(places())), 0.8)
    costly = next(n for n, w in enumerate(places()) if (w.top, w.left) == (0, 0))
    chances[0, costly] = 0.2
    lost = lost_by_patch(chances, np.array([0.8]))[0]
    assert lost[0, 0] == pytest.approx(0.6)  # hidden by this window alone
    assert lost[2, 2] == pytest.approx(0.6 / 9)
    assert np.abs(lost[3:, :]).max() == np.abs(lost[:, 3:]).max() == 0


def test_the_first_right_image_of_each_class_is_shown():
    labels = np.array([3, 1, 3, 1, 0])
    assert first_of_each(labels, np.array([False, True, True, True, False])) == [1, 2]


def test_saliency_draws_both_networks_on_each_image():
    def gaze():
        return Gaze(0.5, RANDOM.normal(size=(8, 8)), EigenCam(RANDOM.normal(size=(4, 4)), 0.4))

    seen = [
        Seen(RANDOM.integers(0, 256, (32, 32, 3), dtype=np.uint8), name,
             {PRETRAINED: gaze(), SUPERVISED: gaze()})
        for name in ("cat", "dog")
    ]  # fmt: skip
    figure, numbers = saliency.draw(seen)
    picture(figure)
    assert [(r["class"], r["network"]) for r in numbers] == [
        ("cat", "supervised"), ("cat", "MAE-style"), ("dog", "supervised"), ("dog", "MAE-style"),
    ]  # fmt: skip
    largest = max(np.abs(g.lost).max() for item in seen for g in item.gazes.values())
    occlusion = figure.axes[len(seen)].images[1]  # over the grey image
    assert occlusion.get_clim() == (-largest, largest)


def test_photos_are_chosen_by_name_and_a_sheet_shows_both_resolutions(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image", reason="needs the extra [images]")
    pytest.importorskip("sklearn", reason="needs the extra [images]")
    files = [f"photo_{n}_7.png" for n in range(parts_of_photos.SHOWN + 2)]
    for name in files:
        pixels = RANDOM.integers(0, 256, (64, 80, 3), dtype=np.uint8)
        image.fromarray(pixels).save(tmp_path / name)
    everything = tuple(Photo(name, 7, tmp_path / name) for name in files)
    monkeypatch.setattr(parts_of_photos, "load", lambda: everything)
    chosen = parts_of_photos.shown_photos(files[:0:-1])
    assert [p.name for p in chosen] == files[1 : 1 + parts_of_photos.SHOWN]

    torch.manual_seed(0)
    net = resnet50.ResNet50(resnet50.VARIANTS["caffe"]).eval()
    monkeypatch.setattr(resnet50, "load", lambda: net)
    monkeypatch.setattr(resnet50, "class_names", lambda: [f"class {n}" for n in range(1000)])
    monkeypatch.setattr(parts_of_photos, "RESOLUTIONS", (96, 128))
    (seen,) = parts_of_photos.look_at_parts(chosen[:1])
    assert {side: v.parts.shape for side, v in seen.views.items()} == {
        96: (5, 3, 3), 128: (5, 4, 4),
    }  # fmt: skip
    figure, numbers = photo_parts.draw([seen])
    picture(figure)
    assert [(r["class"], r["side"]) for r in numbers] == [("class 7", 96), ("class 7", 128)]


def test_a_sheet_without_pictures_is_refused():
    with pytest.raises(ValueError, match="no photo"):
        photo_parts.draw([])
    with pytest.raises(ValueError, match="no image"):
        saliency.draw([])


# --- pictures of the claims


def test_every_claim_about_images_hands_pictures_to_the_report(monkeypatch):
    view = View(EigenCam(RANDOM.normal(size=(7, 7)), 0.3), RANDOM.random((5, 7, 7)), (1, 3))
    crop = RANDOM.integers(0, 256, (224, 224, 3), dtype=np.uint8)
    monkeypatch.setattr(multiview, "shown_photos", list)
    monkeypatch.setattr(
        multiview,
        "look_at_parts",
        lambda names: [PhotoParts(n, n, crop, {224: view}) for n in names],
    )
    (claim,) = multiview.CLAIMS
    assert len(claim.pictures(None, looks())) == 2
    for claim in gain.CLAIMS:
        (one,) = claim.pictures(None, accuracies())
        picture(one.draw())
    by_name = {claim.name: claim for claim in fingerprints.CLAIMS}
    for name in ("images.regions", "images.kernels"):
        (one,) = by_name[name].pictures(None, compared())
        picture(one.draw())
    assert all(c.pictures for c in (*multiview.CLAIMS, *gain.CLAIMS, *fingerprints.CLAIMS))


def test_a_figure_that_lacks_its_data_is_left_out_and_that_is_said(capsys):
    from mrpverify import checking
    from mrpverify.images.folder import MissingDataError

    def fails():
        raise MissingDataError("scikit-learn is not installed")

    claim = SimpleNamespace(id="images.multiview")
    results = [
        SimpleNamespace(claim=claim, pictures=pictures)
        for pictures in ([Picture("a figure", fails)], [])
    ]
    assert checking._drawn(SimpleNamespace(quiet=True), results) == [{}, {}]
    assert "images.multiview: no pictures (scikit-learn" in capsys.readouterr().err
