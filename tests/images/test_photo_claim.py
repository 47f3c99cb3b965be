"""images.multiview end to end: generated photos, and a network that names the colours it sees."""

import json

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn
from typer.testing import CliRunner

from mrpverify import check as command
from mrpverify.claims.images.multiview_counts import grid_places, places_line, runner_up_photos
from mrpverify.images import photo_views
from mrpverify.images.fetch import adopt
from mrpverify.images.folder import MANIFEST, file_sha256
from mrpverify.images.photo_views import DECIDES, GRIDS, SLIDING
from mrpverify.images.resnet50 import CLASSES
from mrpverify.images.shifted_grids import two_by_two
from mrpverify.images.sources import source
from mrpverify.images.windows import Window, centred_grid, sliding
from mrpverify.records.store import CACHE_VARIABLE

Image = pytest.importorskip("PIL.Image", reason="photos need Pillow, extra [images]")

RED, GREEN, NOTHING = 0, 1, 3
PHOTOS = 32
"""The fewest at which none of them has an upper bound below 0.1, rounded up."""


class Colours(nn.Module):
    """Ranks a class by its channel's strongest 16 px cell, NOTHING first where none is strong."""

    def prepared(self, images):
        return torch.from_numpy(images).float().permute(0, 3, 1, 2) - 128

    def forward(self, prepared):
        cells = nn.functional.avg_pool2d(prepared, 16).amax((2, 3))
        scores = torch.full((len(prepared), CLASSES), -1e3)
        scores[:, :3] = cells
        scores[cells.amax(1) < 20, NOTHING] = 20.0
        return scores


class Blind(Colours):
    """Sees nothing."""

    def forward(self, prepared):
        return super().forward(0 * prepared)


def photo(*squares):
    """A grey photo whose centre crop has red or green squares of 48 px at (top, left)."""
    pixels = np.full((256, 256, 3), 128, np.uint8)
    for top, left, colour in squares:
        pixels[16 + top : 64 + top, 16 + left : 64 + left, colour] = 250
    return Image.fromarray(pixels)


CORNERS = (32, 32), (32, 144), (144, 32), (144, 144)
"""Inside the four windows of the deciding grid."""


@pytest.fixture
def check(tmp_path, monkeypatch):
    """`check(photos)` runs the claim on photos of class RED and returns its record."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(photo_views, "_trained", Colours)
    monkeypatch.setattr(photo_views, "_random", Blind)

    def invoke(photos):
        folder = tmp_path / "own" / f"{RED}"
        folder.mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(photos):
            image.save(folder / f"{number:02d}.png")
        adopt(source("photos"), folder.parent)
        weights = tmp_path / "cache" / "images" / "resnet50"
        weights.mkdir(exist_ok=True)
        np.savez(weights / "resnet50.npz", colours=np.zeros(1))
        digest = file_sha256(weights / "resnet50.npz")
        (weights / MANIFEST).write_text(json.dumps({"digest": digest}))
        file = tmp_path / "r.json"
        result = CliRunner().invoke(command.app, ["images.multiview", "--json", str(file)])
        record = json.loads(file.read_text())
        assert result.exit_code == record["exit_code"], result.output
        return result, record["claims"][0]

    return invoke


def test_two_views_in_most_photos_are_found_and_photos_not_recognised_do_not_count(check):
    two = [photo((*CORNERS[i % 4], RED), (*CORNERS[(i + 1) % 4], RED)) for i in range(PHOTOS - 4)]
    one = [photo((*CORNERS[0], RED)) for _ in range(4)]
    other = [photo((*CORNERS[0], GREEN), (*CORNERS[3], GREEN)) for _ in range(3)]
    result, claim = check([*two, *one, *other])
    assert result.exit_code == 0
    assert claim["verdict"] == "SUPPORTED"
    assert (claim["successes"], claim["trials"]) == (PHOTOS - 4, PHOTOS)
    assert claim["details"]["photos"] == PHOTOS + 3
    assert all(control["failed_as_it_should"] for control in claim["controls"])
    assert claim["details"]["exactly_one"]["share"] == 4 / PHOTOS
    assert "the grid in 9 other places" in result.stdout


def test_a_second_class_in_two_places_makes_the_runner_up_control_pass_and_is_named(check):
    """Weaker green squares beside the red ones: the claim says nothing, and why it does not."""
    both = photo((*CORNERS[0], RED), (*CORNERS[3], RED))
    pixels = np.array(both)
    for top, left in CORNERS[1:3]:
        pixels[16 + top : 64 + top, 16 + left : 64 + left, GREEN] = 240
    result, claim = check([Image.fromarray(pixels)] * 3 + [both] * (PHOTOS - 3))
    assert result.exit_code == 5
    assert claim["verdict"] == "UNINFORMATIVE"
    assert [c["failed_as_it_should"] for c in claim["controls"]] == [False, True]
    rows = claim["details"]["runner_up_in_two_windows"]
    assert [row["photo"] for row in rows] == ["0_00.png", "0_01.png", "0_02.png"]
    assert {row["runner_up"] for row in rows} == {str(GREEN)}
    assert {row["windows"] for row in rows} == {2}


def test_one_view_in_every_photo_refutes_and_looks_are_stored(check, monkeypatch):
    photos = [photo((*CORNERS[i % 4], RED)) for i in range(5)]
    result, claim = check(photos)
    assert result.exit_code == 3
    assert (claim["verdict"], claim["successes"]) == ("REFUTED", 0)
    monkeypatch.setattr(photo_views, "_seen", lambda *_: pytest.fail("looked again"))
    assert check(photos)[1] == claim


# --- grids in other places


def test_nine_ways_to_place_four_windows_none_overlapping():
    windows = sliding(96, 32, 224)
    found = two_by_two(windows)
    assert len(found) == len(set(found)) == 9
    for place in found:
        chosen = [windows[index] for index in place]
        assert not any(a.overlaps(b) for i, a in enumerate(chosen) for b in chosen[:i])
        assert len({w.top for w in chosen}) == len({w.left for w in chosen}) == 2
    assert two_by_two(centred_grid(96, 224)) == [(0, 1, 2, 3)]


def test_shares_by_place_are_those_of_its_windows():
    windows = sliding(96, 32, 224)
    good = np.zeros((4, len(windows)), bool)
    here = {(w.top, w.left): i for i, w in enumerate(windows)}
    good[0, [here[0, 0], here[96, 96]]] = True
    good[1, [here[32, 32], here[128, 128], here[0, 0]]] = True
    good[2, here[64, 64]] = True
    *rows, best = grid_places(windows, good)
    many = {row["grid"]: row["two_or_more"] for row in rows}
    assert many["rows 0 and 96, columns 0 and 96"] == 1
    assert many["rows 32 and 128, columns 32 and 128"] == 1
    assert many["rows 0 and 128, columns 0 and 128"] == 1
    assert sum(many.values()) == 3
    assert (best["two_or_more"], best["one"], best["none"]) == (2, 0, 2)
    assert "share 0.000 to 0.250, median 0.000" in places_line([*rows, best])
    assert "for each photo 0.500" in places_line([*rows, best])


def test_the_sliding_windows_hold_the_places_and_the_deciding_grid_is_another():
    assert list(GRIDS[SLIDING]) == sliding(96, 32, 224)
    assert Window(16, 16, 96) in GRIDS[DECIDES]
    assert not set(GRIDS[DECIDES]) & set(GRIDS[SLIDING])


def test_only_photos_with_two_runner_up_windows_are_listed():
    looks = xr.Dataset(
        {"label": ("photo", [4, 4]), "runner_up": ("photo", [5, 6])},
        coords={"photo": ["a.png", "imagenet_14_129.jpg"]},
        attrs={"class_names": {4: "four", 6: "six"}},
    )
    named = np.array([[1, 0, 0, 0], [1, 1, 0, 1]], bool)
    assert runner_up_photos(looks, named) == [
        {"photo": "imagenet_14_129.jpg", "class": "four", "runner_up": "six", "windows": 3,
         "repeated": "two birds"},
    ]  # fmt: skip
