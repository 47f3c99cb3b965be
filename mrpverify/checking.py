"""Carrying out a check: from what the command line asks for to verdicts, files and an exit code."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from .asking import Asked, Question, question_of, split_settings
from .claims.asked_again import evaluate_noted
from .claims.claim import Claim, about_networks, data_needed
from .claims.concluded import ClaimResult, counts
from .claims.evidence import evaluate_networks
from .claims.few_seeds import TooFewSeedsError, too_few
from .claims.lock import LockError
from .claims.registry import UnknownClaimError, known, select
from .command_app import printing, tell
from .command_line import (
    ANOTHER_STORE,
    BROKEN,
    UsageError,
    progress_bar,
    progress_shown,
    readable_store,
    stop,
    usable_store,
    writable_file,
)
from .images.entries import Entry, entries
from .images.folder import MissingDataError
from .images.setup import SettingsError, Setup, load_settings
from .judge.verdicts import EXIT_USAGE, exit_code
from .locking import keep_lock
from .parameters import check_device
from .records.atomic import replace_together, replace_whole
from .records.collect import Collector, DeviceError, Machine, choose_machine
from .records.labelled import simulation_digest
from .records.store import Store, UnwritableStoreError
from .records.work import TooLargeError
from .regime import RegimeError, preset_path
from .report.again import Earlier, RecordError, compared, content_of
from .report.archived import is_archive, verify_archive
from .report.html import page, png
from .report.latex import latex
from .report.listing import (
    PARAMETERS,
    STAND_IN_NAMES,
    print_claim,
    print_claims,
    print_parameters,
    print_stand_ins,
)
from .report.markdown import markdown
from .report.record import as_json, ask_conditions, record
from .report.run import Run, own_data
from .report.text import print_report
from .report.verifying import DAMAGED, EXIT_MISMATCH, Verified, verify
from .terminal import WIDTH, report_console

STDOUT = Path("-")
"""The file of --json that stands for standard output; the report then goes to standard error."""

NO_CACHE = " use --no-cache or"
"""What else helps where a store cannot be written."""
TABLES = {PARAMETERS: print_parameters, STAND_IN_NAMES: print_stand_ins}
"""What may be listed beside claims."""
RECORD, REPORT, PAGE = "record.json", "report.txt", "report.html"
"""Files of --out."""
FORMATS = {"markdown": ("report.md", markdown), "latex": ("report.tex", latex)}
"""What --format adds to them."""


@dataclass(frozen=True, kw_only=True)
class Order(Question):
    """A checked request: everything needed before the first run starts."""

    machine: Machine
    store: Store | None
    json_file: Path | None
    folder: Path | None
    quiet: bool
    strict: bool
    formats: Sequence[str] = ()
    images: Setup | None = None
    data: Mapping[str, Entry] = field(default_factory=dict)
    """What lies there of the data sets that the claims read."""


def carry_out(asked: Asked) -> int:
    """Check the request, carry it out, show and write what came out; returns the exit code.

    Raises typer.Exit for what ends early, after one message on standard error.
    """
    try:
        order = _order(asked)
    except (
        RegimeError,
        UnknownClaimError,
        DeviceError,
        UsageError,
        SettingsError,
        MissingDataError,
        RecordError,
        LockError,
        TooFewSeedsError,
    ) as error:
        stop(f"error: {error}", EXIT_USAGE)
    return _carry_out(order)


def _order(asked: Asked) -> Order:
    """The checked request; what reads nothing but the words comes before what looks around."""
    question = question_of(asked)
    _ask_conditions(question)
    if asked.lock is not None:
        keep_lock(asked.lock, question)
    for line in (*question.unheard, *too_few(question.claims, question.seeds)):
        if not asked.quiet:
            tell(f"warning: {line}")
    of_images, _ = split_settings(asked.settings)
    machine = choose_machine(asked.device, asked.workers)
    check_device(question.regimes.values(), machine.device)
    formats = _formats(asked.formats, asked.out)
    order = Order(
        **vars(question),
        machine=machine,
        store=_store(asked, question, machine),
        folder=_writable_folder(asked.out, formats),
        json_file=asked.json_file and _json_file(asked.json_file, asked.out, formats),
        quiet=asked.quiet,
        strict=asked.strict,
        formats=formats,
    )
    return _with_images(order, asked.preset, of_images, asked.seeds)


def _ask_conditions(question: Question) -> None:
    """Compute what a record has of every regime: what cannot be is told before any work.

    Raises RegimeError, MissingDataError or UsageError.
    """
    for framework, regime in question.regimes.items():
        try:
            ask_conditions(framework, regime)
        except (RegimeError, MissingDataError):
            raise
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            raise UsageError(
                f"the conditions of this regime cannot be computed ({told}). Its law is "
                f"{regime.law!r}, its objective {framework!r}: mend what says so, or take another "
                f"regime."
            ) from error


def _store(asked: Asked, question: Question, machine: Machine) -> Store | None:
    """The store, none where no claim needs a run; raises UsageError for one that is of no use."""
    networks = any(about_networks(claim) for claim in question.claims)
    if asked.no_cache or not _trains(question.claims):
        return None
    # What is looked at on real images is made and stored piece by piece.
    store = usable_store if networks else readable_store
    return store(machine.device, NO_CACHE)


def _trains(claims: Sequence[Claim]) -> bool:
    """Whether anything is trained for the claims."""
    return any(about_networks(claim) or claim.needs_runs for claim in claims)


def _carry_out(order: Order) -> int:
    """Run the order, show and write what came out; returns the exit code."""
    start = time.monotonic()
    try:
        results = _evaluate(order)
    except KeyboardInterrupt:
        _interrupted(order)
    except UnwritableStoreError as error:
        stop(f"error: {error};{NO_CACHE} {ANOTHER_STORE}", EXIT_USAGE)
    except TooLargeError as error:
        stop(f"error: {error}", EXIT_USAGE)
    except BROKEN as error:
        kept = "" if order.store is None else " Finished runs are stored."
        stop(f"error: the run failed ({type(error).__name__}: {error}).{kept}", 1)
    counted = [r.verdict for r in results if order.strict or counts(r)]
    run = Run(
        command=["python", "-m", "mrpverify.check", *_words()],
        regimes=order.regimes,
        seeds=order.seeds,
        salt=order.salt,
        device=order.machine.name,
        seconds=time.monotonic() - start,
        exit_code=exit_code(counted),
        unheard=order.unheard,
        data=order.data,
    )
    try:
        _publish(order, run, results)
    except KeyboardInterrupt:
        _interrupted(order)
    except OSError as error:
        kept = "" if order.store is None else " Its runs are stored."
        stop(f"error: the result could not be written ({error}).{kept}", 1)
    return run.exit_code


def _interrupted(order: Order) -> NoReturn:
    """Say what is kept of what was done."""
    kept = "finished runs are stored; the same command goes on from there."
    lost = "nothing was stored (--no-cache); the same command starts anew."
    if not _trains(order.claims):
        lost = "nothing was trained; the same command starts anew."
    stop(f"interrupted: {lost if order.store is None else kept}", 1)


def _words() -> list[str]:
    """The words of the command line after the command, also where it was ``mrpverify check``."""
    through_all = Path(sys.argv[0]).stem in ("mrpverify", "__main__") and sys.argv[1:2] == ["check"]
    return sys.argv[2 if through_all else 1 :]


def _evaluate(order: Order) -> list[ClaimResult]:
    """Verdicts of the order, with a progress bar where somebody looks.

    In a file a line says now and then how far.
    """
    with progress_shown(order.quiet, "runs" if order.images is None else "parts") as show:
        simulated = [claim for claim in order.claims if not about_networks(claim)]
        with Collector(order.machine, order.store, show) as collect:
            results = evaluate_noted(
                simulated, order.regimes, order.seeds, order.salt, collect, order.store
            )
        if order.images is not None:
            seen = replace(order.images, progress=show or order.images.progress)
            results += evaluate_networks(order.claims, seen)
        return results


def _with_images(
    order: Order, preset: str, settings: Mapping[str, str], seeds: int | None
) -> Order:
    """The order with what its claims about real images need, after a look for all data.

    Raises SettingsError for a setting, also for more than there is, and MissingDataError for data
    that is not there or not as it was.
    """
    claims = [claim for claim in order.claims if about_networks(claim)]
    sizes = load_settings(preset_path(preset), settings)
    order = replace(order, data=entries(data_needed(order.claims, order.regimes)))
    for line in own_data(order.data):
        if not order.quiet:
            tell(f"warning: {line}")
    if not claims:
        return order
    number = sizes.seeds if seeds is None else seeds
    images = Setup(sizes, number, order.salt, order.machine, order.store)
    for fits in dict.fromkeys(claim.fits for claim in claims if claim.fits is not None):
        fits(images)
    return replace(order, images=images, seeds=order.seeds if order.regimes else number)


def _publish(order: Order, run: Run, results: Sequence[ClaimResult]) -> None:
    """JSON, text and HTML files, then the report on the terminal: nothing printed can lose a file.

    With --json - the record is on standard output and the report on standard error. Raises OSError
    where a file cannot be written.
    """
    content = record(run, results)
    to_stdout = order.json_file == STDOUT
    if order.json_file is not None and not to_stdout:
        replace_whole(order.json_file, _encoded(as_json(content)))
    if order.folder is not None:
        own = (FORMATS[name] for name in order.formats)
        texts = {
            RECORD: as_json(content),
            REPORT: _report(run, results, order.strict),
            PAGE: page(content, _drawn(order, results)),
            **{file: write(content) for file, write in own},
        }
        _write(order.folder, texts)
    with printing():
        if to_stdout:
            print(as_json(content), end="")
        if not order.quiet:
            console = report_console(stderr=to_stdout)
            print_report(console, run, results, order.strict)
            if order.earlier is not None:
                _print_again(console, order.earlier, results)


def _report(run: Run, results: Sequence[ClaimResult], strict: bool) -> str:
    """The report as plain text, whatever the environment says about colours."""
    file = io.StringIO()
    console = Console(file=file, width=WIDTH, markup=False, color_system=None, force_terminal=False)
    print_report(console, run, results, strict)
    return file.getvalue()


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts by file name, all of them or none; raises OSError."""
    replace_together({folder / name: _encoded(text) for name, text in texts.items()})


def _encoded(text: str) -> bytes:
    """A text in UTF-8; what that has no place for, as in names of files, as its escape."""
    return text.encode(errors="backslashreplace")


def _formats(formats: Sequence[str], out: Path | None) -> tuple[str, ...]:
    """Formats of --format, each once; raises UsageError for another, or where there is no --out."""
    for name in formats:
        if name not in FORMATS:
            raise UsageError(f"--format {name!r}: expected {' or '.join(FORMATS)}.")
    if formats and out is None:
        raise UsageError(f"--format {formats[0]}: add --out DIR, the folder to write to.")
    return tuple(dict.fromkeys(formats))


def _json_file(path: Path, out: Path | None, formats: Sequence[str]) -> Path:
    """The file of --json, or STDOUT; raises UsageError where it cannot be written.

    What standard output goes to by another name is STDOUT too: a new file in its place would leave
    the report in one that nobody has. Another text of --out in the same file would be lost.
    """
    if path == STDOUT or _is_stdout(path):
        return STDOUT
    others = () if out is None else (out / name for name in _texts(formats) if name != RECORD)
    if path.resolve() in {other.resolve() for other in others}:
        raise UsageError(f"--json {path}: --out writes this file too; name another one.")
    return writable_file(path, "--json") or path


def _is_stdout(path: Path) -> bool:
    """Whether what is written to a path goes where standard output goes."""
    try:
        return os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError, AttributeError):  # not there, or no file at all
        return False


def _texts(formats: Sequence[str]) -> tuple[str, ...]:
    """Files that --out writes."""
    return (RECORD, REPORT, PAGE, *(FORMATS[name][0] for name in formats))


def _print_again(console: Console, earlier: Earlier, results: Sequence[ClaimResult]) -> None:
    """What came out then and now, and whether one simulation made both."""
    console.print(compared(earlier, results))
    same = earlier.simulation == simulation_digest()
    then = "not named in that record" if earlier.simulation is None else "another one now"
    console.print(f"The simulation is {'the same as then' if same else then}.")


def _drawn(order: Order, results: Sequence[ClaimResult]) -> list[dict[str, bytes]]:
    """The pictures of every claim; one that cannot be drawn is left out, and that is said."""
    pictures: list[dict[str, bytes]] = []
    with progress_bar(order.quiet, "figures") as show:
        for number, result in enumerate(results):
            if show is not None:
                show(number, len(results))
            try:
                found = {one.name: png(one.draw()) for one in result.pictures if one.draw}
            except MissingDataError as error:
                tell(f"{result.claim.id}: no pictures ({error})")
                found = {}
            except (Exception, SystemExit) as error:  # the pages of all claims wait for it
                tell(f"{result.claim.id}: no pictures ({type(error).__name__}: {error})")
                found = {}
            pictures.append(found)
    return pictures


def _writable_folder(path: Path | None, formats: Sequence[str]) -> Path | None:
    """The folder, made if need be; raises UsageError where a file of it cannot be written."""
    if path is None:
        return None
    _make_folder(path)
    for name in _texts(formats):
        writable_file(path / name, "--out")
    return path


def _make_folder(path: Path) -> None:
    """Make the folder of --out unless it is there; raises UsageError where that fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"--out {path}: this is no folder; name one.") from None
    except OSError as error:
        raise UsageError(f"--out {path}: cannot be made ({error.strerror}).") from None


def verify_record(path: Path) -> int:
    """Recompute the verdicts of a record or an archive and say what does not follow.

    Returns the exit code. Raises typer.Exit, after a message, for what is neither, or is none of
    this version.
    """
    try:
        if not is_archive(path):
            found = verify(path)
            with printing():
                _print_verified(str(path), found)
            return EXIT_MISMATCH if found.mismatches else 0
        archive = verify_archive(path)
    except RecordError as error:
        stop(f"error: {error}", EXIT_USAGE)
    with printing():
        for line in archive.changes:
            print(f"changed: {line}")
        for name, found in archive.records.items():
            _print_verified(name, found)
        print(
            f"{path}: {archive.files} files, {len(archive.changes)} changed; "
            f"{len(archive.records)} records"
        )
    wrong = archive.changes or any(found.mismatches for found in archive.records.values())
    return EXIT_MISMATCH if wrong else 0


def report_record(path: Path, out: Path | None, formats: Sequence[str]) -> None:
    """Write a record's reports of these formats, HTML where none is named; without --out nothing.

    Raises typer.Exit, after a message, for what cannot be written or holds too little.
    """
    try:
        wanted = [FORMATS[name] for name in _formats(formats, out)] or [(PAGE, page)]
        if out is None:
            return
        if is_archive(path):
            raise UsageError(f"--out {out}: {path} is an archive; name one of the records in it.")
        content = content_of(path, "--verify")
        made = {file: write(content) for file, write in wanted}
        _make_folder(out)
        _write(out, made)
    except UsageError as error:
        stop(f"error: {error}", EXIT_USAGE)
    except KeyError as error:
        what = "records kept for tables have enough for --format latex alone"
        stop(
            f"error: --out {out}: {path} lacks {error}, which the report shows; {what}.", EXIT_USAGE
        )
    except DAMAGED as error:
        stop(
            f"error: --out {out}: {path} holds what no report shows ({error!r}); make it again.",
            EXIT_USAGE,
        )
    except OSError as error:
        stop(f"error: --out {out}: cannot be written ({error.strerror or error}).", EXIT_USAGE)


def _print_verified(name: str, found: Verified) -> None:
    """What of a record does not follow, then how much was recomputed."""
    for line in found.mismatches:
        print(f"does not follow: {line}")
    print(
        f"{name}: {found.from_seeds} measurements decided again from their seeds, "
        f"{found.from_intervals} held against their intervals; "
        f"{len(found.mismatches)} contradictions"
    )


def list_claims(names: Sequence[str] = (), plugins: Sequence[str] = ()) -> None:
    """Print claims, those of the given files included: one line each, or in depth where named.

    `parameters` and `stand-ins` are names too. Raises typer.Exit, after a message, for a name that
    is none and where claims from outside cannot be had.
    """
    wanted = [name for name in names if name.lower() not in TABLES]
    try:
        claims = select(wanted, plugins) if names else known(plugins)
    except UnknownClaimError as error:
        stop(f"error: {error}", EXIT_USAGE)
    with printing():
        _list(claims, names)


def _list(claims: Sequence[Claim], names: Sequence[str]) -> None:
    """Print claims and the tables that are named."""
    console = report_console()
    if not names:
        print_claims(console, claims)
        return
    for claim in claims:
        print_claim(console, claim)
    for name in dict.fromkeys(name.lower() for name in names if name.lower() in TABLES):
        TABLES[name](console)
