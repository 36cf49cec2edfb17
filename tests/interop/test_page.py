"""The page of a server in a real Chromium. Where there is none this says so; in CI it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.serving import CASSETTE, RECEIPT, command

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="there is no chromium")


@pytest.mark.timeout(180)
def test_s13_the_page_has_a_form_for_each_function(tmp_path: Path) -> None:
    assert CHROMIUM is not None, "install chromium: apt-get install chromium"
    with command("serve", str(RECEIPT), "--replay", str(CASSETTE)) as served:
        done = subprocess.run(
            [
                *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"),
                *("--virtual-time-budget=20000", "--dump-dom", f"{served.url}/docs"),
            ],
            capture_output=True, text=True, check=False, timeout=150,
        )  # fmt: skip
    assert "<h2>ExtractReceiptInfo</h2><code>POST /call/ExtractReceiptInfo</code>" in done.stdout
    assert '<p id="problem" role="alert" hidden="">' in done.stdout
