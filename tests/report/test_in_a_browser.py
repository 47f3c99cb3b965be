"""The page in a real browser, on a phone, a tablet and a desk: nothing leaves it, nothing fails."""

import functools
import json
import re
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mrpverify.claims.evaluate import ControlResult
from mrpverify.claims.registry import all_claims
from mrpverify.report.html import page
from mrpverify.report.record import record
from tests.report.test_text import result, run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
WIDTHS = (360, 768, 1440)
HOST = """<!doctype html><html lang="en"><head><link rel="icon" href="data:,"><title>host</title>
</head><body><pre id="told">nothing</pre><script>
const found = {};
const names = %s;
let left = names.length * %s.length;
for (const name of names) for (const width of %s) {
  const frame = document.createElement("iframe");
  frame.width = width; frame.height = 800; frame.style.border = 0;
  frame.onload = () => {
    const shown = frame.contentDocument.documentElement;
    found[name + " " + width] = [shown.scrollWidth, shown.clientWidth];
    if (--left === 0) document.getElementById("told").textContent = JSON.stringify(found);
  };
  frame.src = name;
  document.body.append(frame);
}
</script></body></html>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


class Quiet(SimpleHTTPRequestHandler):
    """A server that says nothing."""

    def log_message(self, *_):
        pass


def report():
    """A page with long names, long tables, a control that did not fail and every kind of claim."""
    rows = [{"class": i, "share": i / 20, "a rather long name of a column": "x" * 60}
            for i in range(20)]  # fmt: skip
    found = result(details={"features": rows}, statistic="a share of " + "very long words " * 9)
    (control, *_) = found.claim.controls["mae"]
    controls = (ControlResult(control, found.measurement, False),)
    results = [type(found)(**{**vars(found), "controls": controls})]
    results += [type(found)(**{**vars(result(value=0.25)), "claim": claim})
                for claim in all_claims() if claim.group in ("theorem1", "laws")]  # fmt: skip
    return page(record(run(), results))


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Widths by page and width of the screen, and what the console said by page."""
    folder = tmp_path_factory.mktemp("pages")
    text = report()
    wide = text.replace("<main>", '<main><div style="width: 2000px">wide</div>', 1)
    hostile = text.replace("<main>", "<main><script>document.title = 'run'</script>", 1)
    pages = {"report.html": text, "wide.html": wide, "hostile.html": hostile}
    for name, content in pages.items():
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "host.html").write_text(HOST % (json.dumps([*pages]), [*WIDTHS], [*WIDTHS]))
    handler = functools.partial(Quiet, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/host.html"
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                   "--virtual-time-budget=20000", f"--user-data-dir={folder / 'me'}"]  # fmt: skip
        done = subprocess.run(
            [CHROMIUM, *options, "--dump-dom", address], capture_output=True, text=True,
            timeout=240, check=True,
        )  # fmt: skip
        server.shutdown()
    told = re.search(r'<pre id="told">(.*?)</pre>', done.stdout)[1]
    assert told != "nothing", done.stdout[:500]
    lines = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    console = {name: [line for line in lines if name in line] for name in pages}
    return json.loads(told), console


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_never_scrolls_sideways(seen, width):
    widths, _ = seen
    needed, room = widths[f"report.html {width}"]
    assert needed <= room <= width


@pytest.mark.slow
def test_the_console_is_quiet(seen):
    _, console = seen
    assert console["report.html"] == []


@pytest.mark.slow
def test_the_browser_would_have_seen_both(seen):
    widths, console = seen
    needed, room = widths["wide.html 1440"]
    assert needed > room
    assert any("Content Security Policy" in line for line in console["hostile.html"])
