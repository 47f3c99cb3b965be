"""The text beside a figure: how to draw it again, whatever was asked for."""

import contextlib

import pytest
import xarray as xr

from mrpverify.figures.caption import caption
from mrpverify.figures.catalogue import figures
from mrpverify.figures.figure import RunsFigure, Study
from mrpverify.images.folder import MissingDataError
from mrpverify.images.setup import Setup, load_settings
from mrpverify.parameters import changed
from mrpverify.records.labelled import Request
from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.regime import load_preset, preset_path

REGIMES = load_preset("quick").regimes
FIGURE = RunsFigure("own", "a figure", lambda study: None, lambda data: None, "What is seen.")


class AskedError(Exception):
    """Stands for a run that nobody trains."""


def nothing(requests):
    raise AskedError


def said(*regimes):
    """The caption of a figure that asked for a run of each regime."""
    study = Study(REGIMES, "a", lambda requests: dict.fromkeys(requests, xr.Dataset()))
    study.get([Request(regime, "a", 0) for regime in regimes])
    return caption(FIGURE, None, study, "quick", "mrpverify figures own")


def test_a_parameter_that_one_law_alone_has_is_told_of_that_law():
    """The others, and the preset, have no such number."""
    usual = REGIMES["mae"]
    imperfect = [changed(usual, law="imperfect", alignment=0.1), changed(usual, law="imperfect")]
    text = said(usual, *imperfect)
    (line,) = [line for line in text.splitlines() if line.startswith("- mae:")]
    assert "kappa = 0, 0.1" in line
    assert "law = imperfect, multi-view" in line


@pytest.mark.parametrize("name", figures())
def test_every_figure_of_the_catalogue_gets_a_caption(name, monkeypatch, tmp_path):
    """Of what it asks for first; nothing is trained, and no data are here, whatever was fetched."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr("mrpverify.figures.caption.manifest", lambda name: {})
    settings = load_settings(preset_path("quick"), {})
    study = Study(REGIMES, "a", nothing, images=Setup(settings, 2, "a", None, None))
    with contextlib.suppress(AskedError, MissingDataError):
        figures()[name].gather(study)
    figure = RunsFigure(name, "title", lambda study: None, lambda data: None, "What is seen.")
    text = caption(figure, None, study, "quick", f"mrpverify figures {name}")
    assert f"- command: `mrpverify figures {name}`" in text
    assert not study.asked or "salt `a`" in text
