"""`bamlet init`: a project that runs and passes its tests at once, without a key."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from pathlib import Path

from ..embed.writing import write_whole
from . import exits

MAIN = """\
class Receipt {
  vendor string
  items Item[]
  total float @description("with tax") @assert(not_negative, {{ this >= 0 }})
}

class Item {
  name string
  quantity int @assert(some, {{ this >= 1 }})
  price float @description("of one")
}

function ReadReceipt(text: string) -> Receipt {
  client Fast
  prompt #"
    {{ _.role("user") }}
    What is on this receipt?

    {{ text }}

    {{ ctx.output_format }}
  "#
}

test CornerShop {
  functions [ReadReceipt]
  args {
    text #"
      CORNER SHOP
      2 x Apple        1.20
      1 x Bread        3.80
      TOTAL            6.20
    "#
  }
  @@assert(something, {{ this.items|length > 0 }})
  @@check(cheap, {{ this.total < 100000 }})
}

test OneLine {
  functions [ReadReceipt]
  args {
    text "Kiosk: one newspaper, 2.50"
  }
  @@assert({{ this.vendor|length > 0 }})
}
"""

BODY = """
test "a receipt has a vendor" {
  let receipt = ReadReceipt("Kiosk: one newspaper, 2.50");
  assert.is_true(receipt.vendor.length() > 0)
}
"""

SETTINGS = """\
[bamlet]
edition = {edition}
"""

CLIENTS = """\
// A key is needed for real answers only: `bamlet run --offline` and `bamlet test --offline` do without.

client<llm> Fast {
  provider openai
  options {
    model "gpt-4o-mini"
    api_key env.OPENAI_API_KEY
  }
}
"""

GENERATORS = """\
// `bamlet generate` writes the package `baml_client` beside this folder.

generator python {
  output_type "python/pydantic"
  output_dir ".."
}
"""

BESIDE = f".{os.getpid()}.tmp"
EMPTY = "// Your program. `bamlet init` without --empty writes an example.\n"

IGNORED = """\
.env
baml_client/
__pycache__/
"""


def main(arguments: argparse.Namespace) -> int:
    folder = Path(arguments.folder)
    files = _files(empty=arguments.empty, edition=arguments.edition)
    try:
        _write(folder, files, force=arguments.force)
    except OSError as failure:
        # What is being made has a name of its own until it is whole, which nobody has asked for.
        place = folder if BESIDE in str(failure.filename) else failure.filename or folder
        print(f"bamlet init: {place}: {failure.strerror or failure}", file=sys.stderr)
        return exits.USAGE
    for name in files:
        print(folder / name)
    if not arguments.empty:
        place = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
        print(f"try: {place}bamlet run --offline && bamlet test --offline", file=sys.stderr)
    return exits.OK


def _files(*, empty: bool, edition: int | None) -> dict[str, str]:
    """Of edition 1 a project is by itself; which one was asked for is written down."""
    settings = {} if edition is None else {"baml.toml": SETTINGS.format(edition=edition)}
    if empty:
        return {"baml_src/main.baml": EMPTY, **settings, ".gitignore": IGNORED}
    return {
        "baml_src/main.baml": MAIN + (BODY if edition == 2 else ""),
        "baml_src/clients.baml": CLIENTS,
        "baml_src/generators.baml": GENERATORS,
        **settings,
        ".gitignore": IGNORED,
    }


def _write(folder: Path, files: dict[str, str], *, force: bool) -> None:
    """All or nothing: a new folder is made beside and renamed, one that is there gets whole files, and none of its
    own is touched. Raises `OSError`.
    """
    if not folder.exists():
        beside = folder.with_name(f"{folder.name}{BESIDE}")
        try:
            _fill(beside, files)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return
    if not force and any(folder.iterdir()):
        raise FileExistsError(None, "this folder is not empty; --force writes beside what is there", str(folder))
    if there := next((folder / name for name in files if (folder / name).exists()), None):
        raise FileExistsError(None, "exists already, and no file is overwritten", str(there))
    _fill(folder, files)


def _fill(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
