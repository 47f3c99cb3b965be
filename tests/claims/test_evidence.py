"""Claims about networks: what one of them breaks is its own."""

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.claim import Control, NetworkClaim
from mrpverify.claims.evidence import evaluate_networks
from mrpverify.judge.measurement import share_of_seeds
from mrpverify.judge.verdicts import Verdict
from mrpverify.records.store import UnwritableStoreError

SETUP = None  # none of these looks at it


def seen(setup):
    return xr.Dataset({"x": ("seed", np.ones(16))})


def measure(setup, found):
    return share_of_seeds(found["x"].values > 0, "x above 0")


def claim(name, measure=measure, evidence=seen, look=lambda setup, found: -found, **more):
    return NetworkClaim(
        id=name, name=f"own.{name}", statement="x is above 0", provenance="[D]", role="finding",
        role_reason="a test", horizon="none", measure=measure, evidence=evidence,
        controls={None: (Control("minus", "x is below 0", look=look),)}, **more,
    )  # fmt: skip


def verdicts(*claims):
    return {r.claim.id: r.verdict for r in evaluate_networks(claims, SETUP)}


def test_one_that_holds_is_supported_and_its_control_fails():
    assert verdicts(claim("N.plain")) == {"N.plain": Verdict.SUPPORTED}


def fails(setup, found=None):
    raise RuntimeError("no such network")


@pytest.mark.parametrize(
    "broken",
    [{"evidence": fails}, {"measure": fails}, {"pictures": fails}],
    ids=["evidence", "measure", "pictures"],
)
def test_what_breaks_is_an_error_of_its_own_claim(broken):
    found = verdicts(claim("N.broken", **broken), claim("N.plain"))
    assert found == {"N.broken": Verdict.ERROR, "N.plain": Verdict.SUPPORTED}


def test_a_store_that_cannot_be_written_is_no_fault_of_a_claim():
    def full(setup):
        raise UnwritableStoreError(28, "No space left on device")

    with pytest.raises(UnwritableStoreError):
        verdicts(claim("N.full", evidence=full))


def overwrites(setup, found):
    found["x"].values[:] = -1
    return measure(setup, found)


def sets(setup, found):
    found["x"] = -found["x"]
    return found


def test_no_claim_and_no_control_changes_what_others_see():
    """Into an array it cannot be written; a variable that is set is that of one look."""
    own = claim("N.sets", look=sets)
    found = verdicts(own, claim("N.overwrites", measure=overwrites), claim("N.plain"))
    assert found["N.overwrites"] is Verdict.ERROR
    assert found["N.sets"] is found["N.plain"] is Verdict.SUPPORTED
