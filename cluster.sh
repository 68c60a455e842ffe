#!/usr/bin/env bash
# The platform on this machine, in kind; and the same steps, without kind, on any other cluster:
#   ./cluster.sh up        a kind cluster, then install (this is `make up`; run again, it goes on where it was)
#   ./cluster.sh install   Argo CD, the secrets and the root application, on the cluster of the current context
#   ./cluster.sh down      removes the kind cluster and all that is in it (this is `make down`)
#   ./cluster.sh tools     says what is missing for that, or nothing
# CLUSTER names the overlays (local), KIND_CLUSTER the kind cluster (images), WAIT_MINUTES how long to wait for
# health (40). THROW_AWAY=yes marks a new kind cluster as one that `make test-cluster` may do anything to.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

cluster=${CLUSTER:-local} kind_cluster=${KIND_CLUSTER:-images} minutes=${WAIT_MINUTES:-40}
node=kindest/node:v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d
settings='cluster-conf/settings/settings.yaml'

fail() { echo "error: $*" >&2; exit 1; }
say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
setting() { sed -n "s/^  $1: *//p" "$settings"; }

need() { # COMMAND WHERE-TO-GET-IT ...: all that are missing, in one line
  local missing=()
  while [[ $# -gt 0 ]]; do
    command -v "$1" >/dev/null || missing+=("$1 ($2)")
    shift 2
  done
  [[ ${#missing[@]} -eq 0 ]] || fail "not on PATH: ${missing[*]}; install what is named, and run this again"
}

need_kind() {
  need docker https://docs.docker.com/engine/install kind https://kind.sigs.k8s.io \
    kubectl https://kubernetes.io/docs/tasks/tools git https://git-scm.com
  docker info >/dev/null 2>&1 || fail "docker's daemon does not answer; start it, or join the group docker, and run this again"
}

use_kind() { # a kubeconfig of our own, so that no other terminal's `kubectl config use-context` moves us elsewhere
  KUBECONFIG=$(mktemp)
  export KUBECONFIG
  trap 'rm -f "$KUBECONFIG"' EXIT
  kind get kubeconfig --name "$kind_cluster" >"$KUBECONFIG"
}

create() {
  if ! kind get clusters 2>/dev/null | grep -qx "$kind_cluster"; then
    # The gateway's two ports (istio's local overlay) are 80 and 443 of localhost.
    kind create cluster --name "$kind_cluster" --image "$node" --wait 3m --config - <<YAML
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
# What the component burst needs.
featureGates: {MutatingAdmissionPolicy: true}
runtimeConfig: {admissionregistration.k8s.io/v1beta1: "true"}
nodes:
  - role: control-plane
    extraPortMappings:
      - {containerPort: 30080, hostPort: 80, listenAddress: 127.0.0.1}
      - {containerPort: 30443, hostPort: 443, listenAddress: 127.0.0.1}
YAML
    [[ ${THROW_AWAY:-} != yes ]] || kubectl --context "kind-$kind_cluster" label namespace kube-system pylib/throw-away=true
  fi
  use_kind
}

check_fork() { # what Argo CD will ask for in a moment
  local url revision
  url=$(setting repoURL) revision=$(setting revision)
  GIT_TERMINAL_PROMPT=0 git ls-remote --exit-code --quiet "$url" "refs/heads/$revision" >/dev/null 2>&1 \
    || fail "$settings: repoURL $url has no branch $revision that can be read; set it to your fork, and push there"
}

# Argo CD's own field manager: what is later removed from Git is then its to remove.
apply() { kubectl apply --server-side --force-conflicts --field-manager argocd-controller "$@" >/dev/null; }

argo() { kubectl --namespace argocd "$@"; }

install_argocd() { # once: from then on it manages itself
  local workload
  if argo get applications.argoproj.io argocd >/dev/null 2>&1; then return; fi
  [[ -d cluster-conf/argocd/overlays/$cluster ]] || return 0 # another Argo CD is there already
  say "Argo CD"
  kubectl get namespace argocd >/dev/null 2>&1 || kubectl create namespace argocd >/dev/null
  apply --kustomize "cluster-conf/argocd/overlays/$cluster"
  for workload in $(argo get deployments,statefulsets --output name); do
    argo rollout status "$workload" --timeout 10m >/dev/null || fail "$workload does not come up: kubectl -n argocd describe $workload"
  done
}

make_secrets() {
  local preflight=.venv/bin/preflight
  [[ -x $preflight ]] || preflight=preflight
  "$preflight" secrets --cluster "$cluster" --apply --tree . | while read -r line; do say "$line"; done
}

apply_root() { # the projects and the root; the root brings the rest, a wave at a time
  say "the root application"
  apply --kustomize "argocd-apps/overlays/$cluster" --selector app.kubernetes.io/component=bootstrap
}

# Before its first release a model has nothing to serve, so neither its application nor the root becomes healthy.
unreleased() { # the models of this cluster of which that is so, as a|b
  local folder names=()
  for folder in cluster-conf/models/*/overlays/"$cluster"; do
    folder=${folder%/overlays/*}
    if grep -A 2 'name: model_digest' "$folder/base/seldondeployment.yaml" | grep -q 'value: ""'; then
      names+=("${folder##*/}")
    fi
  done
  (IFS='|' && echo "${names[*]}")
}
awaited() {
  local models
  models=$(unreleased)
  if [[ $models ]]; then grep -vE "^(model-($models)|root) "; else cat; fi
}

applications() {
  argo get applications --output jsonpath='{range .items[*]}{.metadata.name} {.status.sync.status} {.status.health.status}{"\n"}{end}'
}

wait_for_health() {
  local deadline=$((SECONDS + minutes * 60)) all healthy waiting shown=
  while ((SECONDS < deadline)); do
    all=$(applications 2>/dev/null | awaited || true)
    healthy=$(grep -c ' Synced Healthy$' <<<"$all" || true)
    waiting=$(grep -v ' Synced Healthy$' <<<"$all" | cut -d' ' -f1 | tr '\n' ' ' || true)
    if [[ "$healthy $waiting" != "$shown" ]]; then
      shown="$healthy $waiting"
      say "$healthy applications are healthy; waiting for $(some "${waiting:-the next wave}")"
    fi
    if [[ $healthy -gt 0 && -z ${waiting// /} ]] && complete; then return; fi
    sleep 2
  done
  explain
  fail "not healthy after $minutes minutes; the reasons are above (WAIT_MINUTES=… waits longer)"
}

some() { # the first words, and how many more there are
  local words
  read -ra words <<<"$1"
  if ((${#words[@]} > 6)); then echo "${words[*]:0:5} and $((${#words[@]} - 5)) more"; else echo "${words[*]}"; fi
}

complete() { # the last wave's set is there, and every set has made the applications that it should
  argo get applicationset work >/dev/null 2>&1 || return 1
  if [[ $(unreleased) ]]; then return 0; fi
  [[ $(argo get application root --output jsonpath='{.status.sync.status} {.status.health.status}') == "Synced Healthy" ]]
}

explain() {
  argo get applications --output jsonpath='{range .items[*]}{.metadata.name}{"\t"}{.status.sync.status}{"\t"}{.status.health.status}{"\t"}{.status.conditions[*].message} {.status.operationState.message}{"\n"}{end}' \
    | grep -vP '\tSynced\tHealthy\t' | cut -c1-600 >&2 || true
  troubled_nodes >&2
}

troubled_nodes() { # that take no pods, or put them out: a full disk looks like applications that never come up
  kubectl get nodes --output jsonpath='{range .items[*]}{"node "}{.metadata.name}{":"}{range .status.conditions[*]} {.type}={.status}{end}{"\n"}{end}' \
    | grep -E 'Pressure=True|Unavailable=True|Ready=(False|Unknown)' | sed -E 's/ [A-Za-z]+Pressure=False| NetworkUnavailable=False| Ready=True//g' || true
}

addresses() {
  local host
  host=$(kubectl --namespace kubeflow get gateways.networking.istio.io kubeflow-gateway --output jsonpath='{.spec.servers[0].hosts[0]}' 2>/dev/null || setting host)
  cat <<TEXT

the platform      https://$host/          (/pipeline, /mlflow, /seldon/…)
Argo CD           kubectl -n argocd port-forward service/argocd-server 8443:443, then https://localhost:8443
  its password    kubectl -n argocd get secret argocd-initial-admin-secret -o jsonpath='{.data.password}' | base64 -d
TEXT
  local models
  models=$(unreleased)
  [[ -z $models ]] || echo "models            ${models//|/, }: not released yet; pylib release makes the commit that serves one"
}

install() {
  need kubectl https://kubernetes.io/docs/tasks/tools git https://git-scm.com
  check_fork
  install_argocd
  make_secrets
  apply_root
  wait_for_health
  addresses
}

case ${1:-} in
  up) need_kind; check_fork; create; install ;;
  install) install ;;
  tools) need_kind ;;
  create) need_kind; create ;; # the empty kind cluster alone, for the tests
  down) need_kind; kind delete cluster --name "$kind_cluster" ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 1 ;;
esac
