#!/usr/bin/env bash
# bash benchmarks/on_a_gpu.sh FOLDER [PART...]: everything that wants a GPU, in the order in which it is missed most.
#
# In the root of a checkout, on a machine with an NVIDIA GPU that is lent for minutes: every part has a time limit of its own,
# writes its log and its record into FOLDER, and what was measured before an end from outside stays. Runs are stored in
# MRPVERIFY_CACHE (FOLDER/store), so that a second call goes on. Nothing is downloaded; where mrpverify is not installed, the checkout is
# taken as it is (WHEELS: a folder of wheels of what is missing there). Without PARTs all of them, about a quarter of an hour.
set -uo pipefail
folder=${1:?a folder for logs and records}; shift
mkdir -p "$folder"; folder=$(cd "$folder" && pwd)
export PYTHONUNBUFFERED=1 COLUMNS=120 OMP_NUM_THREADS=2 MRPVERIFY_CACHE=${MRPVERIFY_CACHE:-$folder/store}
device=${DEVICE:-cuda} python=${PYTHON:-python3}

say() { printf '[%4d s] %s\n' "$SECONDS" "$*" | tee -a "$folder/summary.txt"; }

# Objectives are found by the entry points of an installed package: a checkout has them in a folder of their own.
if ! "$python" -c 'from importlib.metadata import version; version("mrpverify")' 2>/dev/null; then
  site=$(mktemp -d)
  [ -n "${WHEELS:-}" ] && "$python" -m pip install -q --no-index --no-deps --no-compile --target "$site" "$WHEELS"/*.whl
  "$python" - "$site" <<'P'
import pathlib, sys, tomllib
project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
folder = pathlib.Path(sys.argv[1], f"{project['name']}-{project['version']}.dist-info")
folder.mkdir(parents=True)
folder.joinpath("METADATA").write_text(
    f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
lines = [line for group, named in project["entry-points"].items()
         for line in (f"[{group}]", *(f"{name} = {place}" for name, place in named.items()))]
folder.joinpath("entry_points.txt").write_text("\n".join(lines) + "\n")
P
  export PYTHONPATH=$PWD:$site${PYTHONPATH:+:$PYTHONPATH}
fi

# part NAME SECONDS COMMAND...: its end, its time and the last lines of what it said.
part() {
  local name=$1 most=$2 began=$SECONDS code=0; shift 2
  case " ${parts[*]:-$name} " in *" $name "*) ;; *) return ;; esac
  timeout -s INT -k 10 "$most" "$@" > "$folder/$name.log" 2>&1 || code=$?
  say "$name: exit code $code after $((SECONDS - began)) s"
  grep -aE "passed|failed|products|large |quick |SUPPORTED|REFUTED|INCONCLUSIVE|UNINFORMATIVE|rror|interrupted|not used" \
    "$folder/$name.log" | cut -c1-200 | tail -24
}
check() {
  local name=$1 most=$2; shift 2
  part "$name" "$most" "$python" -m mrpverify.check "$@" --device "$device" --salt a --json "$folder/$name.json"
}

parts=("$@")
say "$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>&1 | head -1)"
part tests 90 "$python" -m pytest -q -p no:cacheprovider -n 4 -m gpu tests/simulate
part gradients 100 "$python" benchmarks/gpu.py --device "$device" --no-compiled --repeats 15 --seconds 90
part tf32 70 "$python" benchmarks/reduced_products.py --device "$device"
check theorem1-quick 150 theorem1
check later 120 S.later
check further 240 S.further
# Framework by framework, the cheaper first: a record is there as soon as its claims are.
check large-teacher-student 240 T1.capture T1.bounded T1.specialise T1.monosemantic T1.lottery T1.noise \
  --preset large --framework teacher-student --seeds 32
check large-mae 300 T1.capture T1.specialise --preset large --framework mae --seeds 32
cp benchmarks/gpu.csv benchmarks/reduced_products.csv "$folder" 2>/dev/null
say "done"
