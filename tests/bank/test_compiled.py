"""Compiled code: it is kept on disk where it can be, and works where it cannot."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numba
import numpy as np
import pytest

import bank

SOURCE = """
from bank.compiled import compiled

@compiled
def twice(values):
    for i in range(len(values)):
        values[i] *= 2.0
    return values.sum()
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "twice.py"
    path.write_text(SOURCE)
    yield path
    sys.modules.pop("twice", None)


def fresh():
    """The function as a new process would have it."""
    sys.modules.pop("twice", None)
    return import_module("twice").twice


def hits(function):
    return sum(function.stats.cache_hits.values())


def test_machine_code_is_kept_beside_the_source(source):
    for known in (0, 1):
        function = fresh()
        assert function(np.ones(3)) == 6.0
        assert hits(function) == known
    assert list(source.parent.glob("__pycache__/*.nbc"))


def test_without_a_folder_to_write_to_it_is_compiled_anew(source, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", "UserProvidedCacheLocator")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(source / "no folder"))
    for _ in range(2):
        function = fresh()
        assert function(np.ones(3)) == 6.0
        assert hits(function) == 0


def test_a_folder_that_is_lost_afterwards_is_no_error(source):
    function = fresh()
    folder = source.parent / "__pycache__"
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("not a folder")
    assert function(np.ones(3)) == 6.0


@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("rest", [0, 40])
def test_files_cut_short_are_replaced(source, kind, rest):
    fresh()(np.ones(3))
    (file,) = source.parent.glob(f"__pycache__/{kind}")
    file.write_bytes(file.read_bytes()[:rest])
    for known in (0, 1):
        function = fresh()
        assert function(np.ones(3)) == 6.0
        assert hits(function) == known


def test_several_processes_at_once_share_a_folder(source):
    program = f"""
import sys
sys.path.insert(0, {str(source.parent)!r})
import numpy as np
from twice import twice
print(twice(np.ones(3)))
"""
    running = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(2)
    ]
    assert [process.communicate()[0].strip() for process in running] == [b"6.0"] * 2
    function = fresh()
    assert function(np.ones(3)) == 6.0
    assert hits(function) == 1


ROOMS = sorted(Path(bank.__file__).parent.glob("*.py"))


def is_compiled(node):
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(mark, ast.Name) and mark.id == "compiled" for mark in node.decorator_list
    )


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.name)
def test_compiled_functions_take_nothing_from_other_files(path):
    """Machine code is looked up by one file's source: what comes from another would grow stale."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    foreign = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "bank"
        for alias in node.names
    }
    for function in filter(is_compiled, ast.walk(tree)):
        types = {
            id(n)
            for a in ast.walk(function)
            if isinstance(a, ast.AnnAssign)
            for n in ast.walk(a.annotation)
        }
        used = {
            node.id
            for statement in function.body
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and id(node) not in types
        }
        assert not used & foreign, f"{path.name}: {function.name}"


LIVE = """
import sys
import torch
from bank import PrototypeBank, warm_up

text, rows = torch.eye(3, 8), torch.randn(40, 8, generator=torch.Generator().manual_seed(0))

def signatures():
    rooms = [module for name, module in sys.modules.items() if name.startswith("bank.")]
    found = {f"{room.__name__}.{name}": f for room in rooms for name, f in vars(room).items()}
    return {name: len(f.signatures) for name, f in found.items() if hasattr(f, "signatures")}

for mode in ("anchored", "exact", "bounded", "text"):
    bank = PrototypeBank(text, mode=mode)
    before = bank.prototypes, bank.version, bank.health
    warm_up(bank)
    assert torch.equal(bank.prototypes, before[0])
    assert (bank.version, bank.health) == before[1:]
    known = signatures()
    for number, row in enumerate(rows.split(1)):
        bank.predict(row), bank.gate(row)
        bank.update(row, torch.tensor([number // 3]) if number % 2 else None)
    bank.update(rows.bfloat16()), bank.update(rows.double().T.contiguous().T), bank.settle(rows)
    if mode != "text":
        bank.enroll(rows[:2], 1)
    new = {name for name, count in signatures().items() if count != known[name]}
    assert not new, (mode, new)
assert max(known.values()) == 1, known
print(sum(known.values()), "compiled")
"""


def test_after_warming_up_nothing_is_left_to_compile():
    done = subprocess.run([sys.executable, "-c", LIVE], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("compiled\n"), done.stderr
