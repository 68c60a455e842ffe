#!/usr/bin/env bash
# The whole story: from a folder of images to an answered REST request, on this machine, from PyPI alone.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: ./run_e2e.sh [--task TASK] [--data SOURCE] [--weights WEIGHTS] [--output DIR] [--keep-serving]
                    [-p NAME=VALUE …]

  --task TASK         segmentation (default), or classification
  --data SOURCE       a folder, tar or zip: of images/ and masks/, or of a folder of images for each class or
                      a table of images and labels; or a known name: sample (default, the task's own),
                      oxford-pets (segmentation; the official archives, about 800 MB, resumable)
  --weights WEIGHTS   the backbone's first weights: none (default), imagenet, or a Keras weights file
  --output DIR        where all results go (default ./out)
  --keep-serving      leave the model server up; stop it with: pylib serve --stop
  -p NAME=VALUE       a parameter of the pipeline, such as -p image_size=96; may be repeated
  --help              this text

PYLIB_PORT names the port of the model server on 127.0.0.1 (default 9000; 0 takes a free one).

Needs Python 3.11 or 3.12, git and a package index; makes its own environments in .venv and .venv-serve.
HELP
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
task=segmentation data=sample weights=none output=out keep_serving=false parameters=()
fail() { echo "error: $*" >&2; exit 1; }
value() { [[ $# -ge 2 ]] || fail "$1 needs a value; see ./run_e2e.sh --help"; echo "$2"; }
while [[ $# -gt 0 ]]; do
  case $1 in
    --task) task=$(value "$@"); shift 2 ;;
    --data) data=$(value "$@"); shift 2 ;;
    --weights) weights=$(value "$@"); shift 2 ;;
    --output) output=$(value "$@"); shift 2 ;;
    -p) parameters+=(-p "$(value "$@")"); shift 2 ;;
    --keep-serving) keep_serving=true; shift ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown option '$1'; see ./run_e2e.sh --help" ;;
  esac
done
[[ -f $here/pipelines/$task.py && -d $here/pylib/tasks/$task ]] || fail "no task '$task'; see ./run_e2e.sh --help"
command -v git >/dev/null || fail "git is missing; install it: a release is a Git commit"

# Looked at first, since what another program has would be missed only at the end; our own server gives it up.
port=${PYLIB_PORT:-9000}
if ! [[ $port =~ ^[0-9]{1,5}$ ]] || ((10#$port > 65535)); then fail "PYLIB_PORT=$port is no port: 0 to 65535"; fi
ours() { grep -qs "127\.0\.0\.1:$port\"" "$output"/serving/*/server.json; }
if ! ours && (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
  fail "another program has port $port of 127.0.0.1: stop it, or name a free one, as in PYLIB_PORT=9001 ./run_e2e.sh"
fi

"$here/environments.sh" train serve
PATH=$here/.venv/bin:$PATH
PYLIB_OUTPUT=$output
export PATH PYLIB_OUTPUT
SECONDS=0

# Images in: checked, committed to the versioned store; what is bad is set aside and named in a report.
dataset=$(pylib data ingest "$data" --task "$task" --report "$output/data-report")

# Train, judge, release: the pipeline that a cluster runs, on the commit that ingest made. What came of it is
# said at the end, with the answer.
pylib run "$task" --data "$dataset" --weights "$weights" "${parameters[@]}" > /dev/null

# Serve what the release commit names, and ask it about an image that training never saw.
if [[ $(pylib serve --stop) == stopped ]]; then # of whichever task: it has the port
  echo "stopped the model server that an earlier run left up" >&2
fi
pylib serve "$task" --detach
$keep_serving || trap 'pylib serve --stop > /dev/null' EXIT
question=$(pylib data example "$dataset" "$output/question" --split test)
pylib predict "$question" --overlay "$output/answer.png" --json > "$output/answer.json"

pylib status
echo "From images to an answer in $SECONDS s."
