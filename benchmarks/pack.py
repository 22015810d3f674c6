"""How long a pack takes and how much memory: ``python -m benchmarks.pack [CHANGES]``. Knows the sample of the tests.

Prints, for a pack of so many changes (default 20): gathering its content, and per form and for all together the wall
clock, processor seconds and peak memory of the child process, and the size of the files.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from impact.pack.gathering import Recorded, content_of
from impact.plain_json import as_json
from impact.records import AgendaItem
from tests import pack_sample, sample

FORMS = ("csv", "html", "pdf", "pptx", "pptx,html,pdf,csv")


def main(count: int) -> None:
    """Measure and print one line a form."""
    changes = sample.many(count)
    agenda = tuple(AgendaItem(change_id=c.id, reasons=("decide",)) for c in changes)
    seen = pack_sample.seen(changes)
    start = time.perf_counter()
    content = content_of(seen, pack_sample.meeting(agenda=agenda), Recorded(pack_sample.decisions()))
    print(f"gathering {count} changes: {time.perf_counter() - start:.2f} s, load {os.getloadavg()[0]:.1f}")
    pack = pack_sample.pack(replace(content))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pack.json"
        file.write_text(json.dumps(as_json(pack)), encoding="utf-8")
        print(f"content: {file.stat().st_size / 1e6:.2f} MB")
        for forms in FORMS:
            _measure(file, Path(folder) / "out", forms)


def _measure(file: Path, out: Path, forms: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = ["/usr/bin/env", "python3", "-c", _PEAK, sys.executable, str(file), str(out), forms]
    peak = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sizes = ", ".join(f"{p.suffix[1:]} {p.stat().st_size / 1e3:.0f} kB" for p in sorted(out.iterdir()))
    print(f"{forms:18} {wall:5.2f} s wall {processor:5.2f} s processor {peak / 1024:4.0f} MB peak   ({sizes})")


_PEAK = """
import resource, subprocess, sys
python, *rest = sys.argv[1:]
subprocess.run([python, "-m", "impact.pack", *rest], check=True, capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
