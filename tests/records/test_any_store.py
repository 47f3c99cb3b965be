"""A store filled by whatever commands before gives the numbers of an empty one."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import xarray as xr
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule

from mrpverify.parameters import Parameters
from mrpverify.records.collect import Machine, collect
from mrpverify.records.labelled import Request
from mrpverify.records.store import Store
from tests.built_in import NAMES

HERE = Machine("cpu")
TINY = Parameters(
    classes=2,
    kernels_per_class=2,
    dimension=6,
    images=24,
    off_class=0.6,
    single_view=0.3,
    init_scale=0.3,
    test_images=4,
    max_steps=8,
)

# One of these is a command's --set; several name the same run of some framework, none a wrong one.
SETTINGS = [
    {},
    {"labels": 1},
    {"true_labels": False},
    {"fused": True},
    {"visible": 0.7},
    {"gain": "release"},
    {"gain": "constant"},
    {"decoder": "tied"},
    {"target": "masked"},
    {"similarity": "cosine"},
    {"encoder_step": 0.0},
    {"test_images": 5},
    {"off_class": 0.3},
    {"init": "cloned"},
    {"horizon": 20.0},
    {"max_steps": 5},
    {"precision": "float64"},
]

_known: dict[Request, xr.Dataset] = {}


def from_an_empty_store(request):
    """The run as it is trained alone, where nothing is stored."""
    if request not in _known:
        _known[request] = collect([request], HERE, None)[request].drop_attrs()
    return _known[request]


def assert_same(found, request):
    """Up to the rounding of sums that a batch pads: a wrong run differs in the first digits."""
    xr.testing.assert_allclose(found.drop_attrs(), from_an_empty_store(request), rtol=1e-4)


@st.composite
def commands(draw):
    """A few seeds of one regime; fine-tuning goes on from pretraining under the same setting.

    Distillation is taught by one or two members of an ensemble.
    """
    setting, salt = draw(st.sampled_from(SETTINGS)), draw(st.sampled_from(["a", "b"]))
    framework = draw(st.sampled_from(NAMES))
    regime = replace(TINY, framework=framework, **setting)
    before = draw(st.sampled_from(["mae", "teacher-student"]))
    start = replace(regime, framework=before) if framework == "fine-tuning" else None
    seeds = draw(st.sampled_from([(0,), (1,), (0, 1)]))
    members = [0, *([1] if draw(st.booleans()) else [])] if framework == "distilled" else []
    teachers = [replace(regime, framework="supervised", member=member) for member in members]
    return [
        Request(regime, salt, seed, start, tuple(Request(t, salt, seed) for t in teachers))
        for seed in seeds
    ]


class AnyStore(RuleBasedStateMachine):
    """Commands in any order, between accidents that befall files."""

    stored = Bundle("stored")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store(self.folder)

    def teardown(self):
        shutil.rmtree(self.folder)

    @rule(target=stored, command=commands())
    def ask(self, command):
        found = collect(command, HERE, self.store)
        for request in command:
            assert_same(found[request], request)
        return multiple(*command)

    @rule(request=stored)
    def ask_again(self, request):
        """Whatever has become of its file."""
        found = collect([request], HERE, self.store)[request]
        assert_same(found, request)

    @rule(one=stored, other=stored)
    def put_the_file_of_one_run_in_the_place_of_another(self, one, other):
        if one != other and self.store.path(one).exists():
            shutil.copyfile(self.store.path(one), self.store.path(other))

    @rule(request=stored, share=st.floats(0, 1), bit=st.integers(0, 7))
    def flip_a_bit(self, request, share, bit):
        path = self.store.path(request)
        if not path.exists():
            return
        content = bytearray(path.read_bytes())
        content[int(share * (len(content) - 1))] ^= 1 << bit
        path.write_bytes(content)

    @rule(request=consumes(stored))
    def lose_a_file(self, request):
        self.store.path(request).unlink(missing_ok=True)


TestAnyStore = AnyStore.TestCase
TestAnyStore.settings = settings(max_examples=8, stateful_step_count=8)
