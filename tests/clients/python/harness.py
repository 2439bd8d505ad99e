"""What every case shares: the list of cases, the server's address, comparing and reporting.

A case is a function that takes its own test id, so that no case sees the counts of another one, nor of another run
against the same server. It passes when it returns and fails when it raises. Each prints one line that
`cargo xtask ci` counts: `ok NAME`, `FAIL NAME reason` or `skip NAME reason`; the last line, `end N`, proves that none
was lost.

A file says whose client its cases run (`case = by("openai")`, a row of `clients.json`), and a case what it shows of
that client (`@case.shows("stream", "usage")`). Before its verdict such a case prints `shows NAME CLIENT WHAT…`; after
the run `cargo xtask clients` holds it against the journal. A case without a client (`from harness import case`) counts
as a case, and for no client. A file that cannot be imported for want of a package is skipped as one case, and its
clients are told in lines `absent CLIENT`.
"""

import asyncio
import importlib
import inspect
import json
import os
import pathlib
import re
import traceback
import urllib.parse
import urllib.request

URL = os.environ.get("AIMOCK_URL", "http://127.0.0.1:4010").rstrip("/")
KEY = "not-a-real-key"
TIMEOUT = 20.0

HERE = pathlib.Path(__file__).parent

_cases = []
_absent = []


class Skip(Exception):
    """Raised by a case that cannot run here; the text says why."""


class Case:
    """Registers cases under their file's and their own name."""

    def __init__(self, client=None, shown=()):
        self.client = client
        self.shown = shown

    def __call__(self, function):
        _cases.append((function, self.client, self.shown))
        return function

    def shows(self, *names):
        """The same, for a case that shows these abilities of its client."""
        return Case(self.client, names)


case = Case()


def by(client):
    """Registers cases that run this client, a row of `clients.json` without its language."""
    return Case(f"python/{client}")


def equal(actual, expected, what="value"):
    """Fails with both sides when they differ."""
    if actual != expected:
        raise AssertionError(f"{what}: got {actual!r}, expected {expected!r}")


def raises(kind, function):
    """The exception of exactly this class that `function` must raise."""
    try:
        result = function()
    except Exception as error:
        if type(error) is not kind:
            raise AssertionError(f"raised {type(error).__name__}: {error}, expected {kind.__name__}") from error
        return error
    raise AssertionError(f"returned {result!r}, expected {kind.__name__}")


def journal(test_id):
    """The journal entries of one case, oldest first."""
    query = urllib.parse.urlencode({"testId": test_id})
    with urllib.request.urlopen(f"{URL}/__aimock/journal?{query}", timeout=TIMEOUT) as response:
        return json.load(response)


def statuses(test_id):
    """The status of every request of one case, in order."""
    return [entry["response"]["status"] for entry in journal(test_id)]


def nearest(body):
    """Fixture and failed key of the first near miss in an error object (what stands under `error` on the wire)."""
    found = body["aimock"]["nearest"]
    if not 1 <= len(found) <= 3:
        raise AssertionError(f"expected one to three near misses, got {found!r}")
    return found[0]["fixture"], found[0]["failed"]["key"]


def name_of(function):
    """`openai_chat.text` becomes `python/openai_chat/text`."""
    return f"python/{function.__module__}/{function.__name__}"


def _reason(error):
    """One line: what went wrong and where in the cases."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/tests/clients/" in frame.filename.replace("\\", "/")]
    frames = [frame for frame in frames if not frame.filename.endswith("harness.py")]
    place = f" (line {frames[-1].lineno})" if frames else ""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text[:600] + place


def include(name):
    """Imports a file of cases, or skips it for want of a package."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (HERE / f"{error.name}.py").exists():
            raise
        _cases[:] = [entry for entry in _cases if entry[0].__module__ != name]
        for client in re.findall(r'by\("([^"]+)"\)', (HERE / f"{name}.py").read_text(encoding="utf-8")):
            print(f"absent python/{client}", flush=True)
        _absent.append(name)
        print(f"skip python/{name} {error}", flush=True)


def run():
    """Runs every case; the exit status is 1 when one failed."""
    failed = 0
    for function, client, shown in _cases:
        name = name_of(function)
        try:
            test_id = f"{name}#{os.getpid()}"
            if inspect.iscoroutinefunction(function):
                asyncio.run(function(test_id))
            else:
                function(test_id)
            if client:
                print(" ".join(["shows", name, client, *shown]), flush=True)
            print(f"ok {name}", flush=True)
        except Skip as reason:
            print(f"skip {name} {reason}", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAIL {name} {_reason(error)}", flush=True)
    print(f"end {len(_cases) + len(_absent)}", flush=True)
    return 1 if failed else 0
