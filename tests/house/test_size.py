"""How long things may be. The usual figures are far below (HOUSE: 50-250 lines, functions 8-12); these are the ends."""

from __future__ import annotations

from tests.house.source import Found, files, functions, refuse, text

LONGEST_FILE, LONGEST_FUNCTION, LONGEST_VIEW, LONGEST_JOB = 400, 60, 40, 15
MEASURED = (".py", ".html", ".txt", ".css", ".js", ".typ")
MEASURED_BELOW = ("portal", "questionnaires", "scoring", "agreements", "migrations", "tests")
# A migration is written once, by the tool, and never changed again.
GROWN_BY_TOOLS = "migrations/versions/"


def test_no_file_is_longer_than_400_lines():
    lengths = {path: len(text(path).splitlines()) for path in files(*MEASURED, under=MEASURED_BELOW)}
    refuse(
        [
            f"{path}: {length} lines"
            for path, length in lengths.items()
            if length > LONGEST_FILE and not path.startswith(GROWN_BY_TOOLS)
        ],
        f"A file has at most {LONGEST_FILE} lines. Split it by verb into a folder of the same name.",
    )


def test_no_function_is_longer_than_60_lines():
    found = [item for item in functions(*MEASURED_BELOW) if not item.path.startswith(GROWN_BY_TOOLS)]
    refuse(
        _longer(found, LONGEST_FUNCTION),
        f"A function has at most {LONGEST_FUNCTION} lines. Give its steps names of their own.",
    )


def test_no_view_is_longer_than_40_lines():
    refuse(
        _longer(functions("portal/views"), LONGEST_VIEW),
        f"A view has at most {LONGEST_VIEW} lines: it takes checked values, calls one service and renders. "
        "Move what decides something into the service.",
    )


def test_no_job_is_longer_than_15_lines():
    jobs = [item for item in functions("portal") if item.path == "portal/jobs.py"]
    assert jobs, "portal/jobs.py has moved: tell this rule where jobs are now"
    refuse(
        _longer(jobs, LONGEST_JOB),
        f"A job has at most {LONGEST_JOB} lines: it looks whether it is done already and calls one service.",
    )


def _longer(found: list[Found] | tuple[Found, ...], most: int) -> list[str]:
    return [f"{item.place}: {item.lines} lines" for item in found if item.lines > most]
