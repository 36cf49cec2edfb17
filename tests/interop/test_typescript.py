"""The client in TypeScript under its compiler and in node, and what others make of our streams."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import bamlet
from bamlet.clientgen import typescript_package
from bamlet.clientgen.typescript.package import Format
from tests.servers.serving import CASSETTE, RECEIPT, ROOT, command

CODE = ROOT / "tests" / "clients" / "typescript"
MODULES = Path(os.environ.get("BAMLET_NODE_MODULES", "")).absolute()
STRICT = ("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes")


def project(folder: Path, program: Path, *sources: str, module_format: Format = "esm") -> Path:
    """A client, programs of its users, and a package file that says which modules they are."""
    client = folder / "baml_client"
    client.mkdir(parents=True)
    for name, text in typescript_package(bamlet.load(program).interface, module_format).files.items():
        (client / name).write_text(text, "utf-8")
    for name in sources:
        shutil.copy(CODE / name, folder)
    (folder / "package.json").write_text(json.dumps({"type": "module" if module_format == "esm" else "commonjs"}))
    (folder / "node_modules").symlink_to(MODULES)
    return folder


def compiled(folder: Path, *more: str) -> str:
    """What the compiler has to say."""
    files = [
        str(path.relative_to(folder)) for path in sorted(folder.rglob("*.ts")) if "node_modules" not in str(path)
    ]
    options = ("--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--types", "node", "--outDir", "out")
    done = subprocess.run(
        [MODULES / ".bin" / "tsc", *STRICT, *options, *more, *files],
        cwd=folder, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


@pytest.mark.timeout(120)
def test_s18_every_form_of_a_type_compiles_and_each_mistake_of_a_user_is_found(tmp_path: Path) -> None:
    forms = ROOT / "tests" / "clients" / "forms.baml"
    folder = project(tmp_path / "p", forms, "right.ts", "wrong.ts")
    told = compiled(folder, "--module", "nodenext", "--verbatimModuleSyntax")
    found = {(name, int(line)) for name, line in re.findall(r"^([\w./]+)\((\d+),", told, re.M)}
    wrong = (CODE / "wrong.ts").read_text("utf-8").splitlines()
    assert found == {("wrong.ts", at) for at, line in enumerate(wrong, 1) if line.endswith("// error")}, told


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("module_format", "module"),
    [("cjs", ("--module", "commonjs", "--moduleResolution", "bundler")), ("esm", ("--module", "nodenext"))],
)
def test_s16_both_kinds_of_modules_stream_a_receipt(
    tmp_path: Path, module_format: Format, module: tuple[str, ...]
) -> None:
    folder = project(tmp_path / "p", RECEIPT, module_format=module_format)
    index = "./baml_client" if module_format == "cjs" else "./baml_client/index.js"
    email = json.loads((RECEIPT / "arguments.json").read_text("utf-8"))["email"]
    # The program of the guide, which is also BAML's.
    (folder / "stop.ts").write_text(
        f"""import {{ b }} from "{index}";
async function main(receipt: string) {{
  const controller = new AbortController();
  const stream = b.stream.ExtractReceiptInfo(receipt, {{ abortController: controller }});
  for await (const partial of stream) {{
    const itemCount = partial.items?.length || 0;
    if (itemCount >= 2) {{
      console.log("got enough items");
      controller.abort();
      break;
    }}
  }}
}}
void main({json.dumps(email)});
"""
    )
    assert compiled(folder, *module, "--erasableSyntaxOnly") == ""
    with command("serve", str(RECEIPT), "--replay", str(CASSETTE)) as served:
        assert node(folder, "out/stop.js", served.url) == "got enough items\n"


@pytest.mark.timeout(180)
def test_s17_a_stream_is_resumed_stopped_and_decoded(tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copytree(RECEIPT, program)
    (program / "double.baml").write_text("function Double(n: int) -> int { n * 2 }\n")
    folder = project(tmp_path / "p", program, "receipt.ts")
    assert compiled(folder, "--module", "nodenext") == ""
    with command("serve", str(program), "--replay", str(CASSETTE), "--speed", "20") as served:
        told = node(folder, "out/receipt.js", served.url)
    assert "# pass 10\n# fail 0" in told, told


@pytest.mark.timeout(180)
def test_s14_others_read_our_streams(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", RECEIPT, "foreign.ts")
    assert (
        compiled(folder, "--module", "nodenext", "--skipLibCheck", "--exactOptionalPropertyTypes", "false") == ""
    )
    with command("serve", str(RECEIPT), "--replay", str(CASSETTE), "--speed", "20") as served:
        told = node(folder, "out/foreign.js", served.url)
    assert "# pass 3\n# fail 0" in told, told


def node(folder: Path, program: str, url: str) -> str:
    """What it prints; tests in the form of TAP."""
    environ = {
        **os.environ,
        "BAMLET_URL": url,
        "ARGUMENTS": str(RECEIPT / "arguments.json"),
        "VECTORS": str(ROOT / "tests" / "clients" / "vectors"),
    }
    done = subprocess.run(
        ["node", "--test-reporter=tap", program],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


@pytest.mark.timeout(120)
def test_the_page_of_the_chat_compiles_against_its_client(tmp_path: Path) -> None:
    page = tmp_path / "page"
    shutil.copytree(ROOT / "examples" / "web_chat" / "page", page)
    client = page / "baml_client"
    client.mkdir(exist_ok=True)
    for name, text in typescript_package(
        bamlet.load(ROOT / "examples" / "web_chat").interface, "esm"
    ).files.items():
        (client / name).write_text(text, "utf-8")
    done = subprocess.run(
        [MODULES / ".bin" / "tsc", "--project", page], capture_output=True, text=True, check=False, timeout=100
    )
    assert (done.stdout, done.returncode) == ("", 0)
    assert (page / "chat.js").exists()
