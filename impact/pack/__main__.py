"""The child process that writes a pack: ``python -m impact.pack CONTENT FOLDER FORMS``. Knows arguments only."""

from __future__ import annotations

import sys

from impact.pack.render import run

if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("Three arguments are needed: the file with the pack, the folder to write to, forms such as pdf,csv.")
    sys.exit(run(sys.argv[1:]))
