"""Measure generated scripts against Keras and against the usual DataLoader loop.

    python -m bench.train                          everything, about an hour; writes RESULTS.md here
    python -m bench.train -w w1 -w w8 --rounds 5   some; the others keep their last results

Every contender is a process of its own on one pinned core. A round runs each of them once, so a
busy machine hits all alike; the tables hold medians over the rounds, and ratios of such medians.
Nothing here passes or fails.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from bench import report
from bench.contenders import CONTENDERS, build
from bench.measure import Failed, Run, last_core, run
from bench.tables import Results, curves, epoch_times, processes, summary
from bench.workloads import WORKLOADS, save

RAW = Path(__file__).resolve().parent / "results.json"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-w", "--workload", action="append", choices=WORKLOADS)
    parser.add_argument("-c", "--contender", action="append", choices=CONTENDERS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=last_core(), help="the core everything runs on")
    parser.add_argument("--scripts", type=Path, help="measure these scripts, build none")
    parser.add_argument("--tables", action="store_true", help="only write the tables anew")
    return parser.parse_args()


def prepare(workload: str, folder: Path, scripts: Path | None) -> list[str]:
    """The data, and the script; returns the contenders that can run."""
    save(workload, folder)
    if scripts:
        shutil.copy(scripts / f"{workload}.py", folder)
        return list(CONTENDERS)
    try:
        build(workload, folder)
    except Failed as failure:
        print(f"{workload}: kgen build failed: {failure}", file=sys.stderr)
        return [name for name in CONTENDERS if name != "kgen"]
    return list(CONTENDERS)


def measure(workload: str, names: list[str], folder: Path, args: argparse.Namespace) -> dict:
    """Rounds over the contenders; one that fails (not installed, say) is left out from then on."""
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for seed in range(args.rounds):
        for name in list(runs):
            command = CONTENDERS[name].command(workload, folder, seed)
            try:
                result = run(command, args.core, cwd=folder)
            except Failed as failure:
                print(f"{workload} {name} left out: {failure}", file=sys.stderr)
                del runs[name]
                continue
            runs[name].append(result)
            print(f"{workload} {name:12} {result.steady('cpu') * 1e3:9.2f} ms", flush=True)
    return {name: [asdict(one) for one in rounds] for name, rounds in runs.items()}


def load() -> Results:
    if not RAW.exists():
        return {}
    stored = json.loads(RAW.read_text())
    return {
        workload: {name: [Run(**one) for one in rounds] for name, rounds in contenders.items()}
        for workload, contenders in stored.items()
    }


def write_tables() -> None:
    results = load()
    tables = [summary(results), epoch_times(results), processes(results), curves(results)]
    report.write("train", "\n\n".join([report.machine(), *tables]))


def main() -> None:
    args = arguments()
    if not args.tables:
        stored = json.loads(RAW.read_text()) if RAW.exists() else {}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for workload in args.workload or WORKLOADS:
                names = prepare(workload, folder, args.scripts)
                chosen = [n for n in names if not args.contender or n in args.contender]
                stored[workload] = measure(workload, chosen, folder, args)
                RAW.write_text(json.dumps(dict(sorted(stored.items()))) + "\n")
    write_tables()


if __name__ == "__main__":
    main()
