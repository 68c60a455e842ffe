#!/usr/bin/env bash
# Makes the environments that are asked for, from the lock files, and does nothing where they are current:
#   ./environments.sh train      .venv        TensorFlow, Kubeflow Pipelines, pylib
#   ./environments.sh preflight  .venv        the check before a push, without TensorFlow
#   ./environments.sh dev        .venv        both, with the test and lint tools
#   ./environments.sh serve      .venv-serve  the model server and ONNX Runtime, without TensorFlow
#   ./environments.sh mlflow     .venv-mlflow MLflow's tracking server, as its image has it; tests of the registry
#   ./environments.sh clients    .venv-clients Triton's and TensorFlow Serving's own clients, for tests of the server
# Needs Python 3.11 or 3.12 (PYTHON=/path/to/python names one) and a package index.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# The machine's own certificates, as a site with an index of its own has them.
export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true}

fail() { echo "error: $*" >&2; exit 1; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3.12 python3.11 python3}; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  fail "no Python 3.11 or 3.12 on PATH; install one, or name it: PYTHON=/path/to/python ./environments.sh …"
}

# What was installed is kept beside it, so a changed lock installs again.
installed() { cmp --silent "$1/.$2.lock" "locks/$2.txt"; } # environment, lock

bootstrap() {
  [[ -x .venv/bin/uv ]] && installed .venv bootstrap && return
  "$(find_python)" -m venv .venv || fail "python -m venv failed; on Debian: apt-get install python3-venv"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/bootstrap.txt
  cp locks/bootstrap.txt .venv/.bootstrap.lock
}

install() { # environment, lock, options of pip
  installed "$1" "$2" && return
  echo "Installing locks/$2.txt into $1 …" >&2
  # Byte-compiled once here, or every step of every run would compile: TensorFlow imports in 3 s, not 9.
  .venv/bin/uv pip install --quiet --python "$1/bin/python" --require-hashes --compile-bytecode "${@:3}" -r "locks/$2.txt"
  if [[ $1 == .venv ]]; then
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
  fi
  cp "locks/$2.txt" "$1/.$2.lock"
}

[[ $# -gt 0 ]] || fail "name what to make: $0 train|preflight|dev|serve …"
for name in "$@"; do
  bootstrap
  case $name in
    train | preflight) installed .venv dev || install .venv "$name" ;; # dev holds all of both
    dev) install .venv dev ;;
    serve)
      [[ -x .venv-serve/bin/python ]] || .venv/bin/uv venv --quiet --python .venv/bin/python .venv-serve
      install .venv-serve serve
      ;;
    mlflow)
      [[ -x .venv-mlflow/bin/python ]] || .venv/bin/uv venv --quiet --python .venv/bin/python .venv-mlflow
      install .venv-mlflow mlflow
      ;;
    clients)
      [[ -x .venv-clients/bin/python ]] || .venv/bin/uv venv --quiet --python .venv/bin/python .venv-clients
      install .venv-clients clients --no-deps # the lock has all, and TensorFlow under another name than what asks for it
      ;;
    *) fail "unknown environment '$name'; there are: train, preflight, dev, serve, mlflow, clients" ;;
  esac
done
