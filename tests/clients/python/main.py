"""All cases of the Python clients, against the server at `AIMOCK_URL`: every file beside this one."""

import sys

import harness

if __name__ == "__main__":
    for file in sorted(harness.HERE.glob("*.py")):
        if file.stem not in ("main", "harness"):
            harness.include(file.stem)
    sys.exit(harness.run())
