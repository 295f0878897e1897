#!/usr/bin/env bash
# Brings docker-compose.yml up with base images made on this machine, builds a real package, and installs it by pip on this host.
# The default requirement has a compiled module, which is imported here.
# Needs a container engine, docker-compose (or the compose plugin), root where base images have to be made, and a python3 that an image builds for.
#   test/compose/test.sh [REQUIREMENT]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
requirement=${1:-markupsafe==3.0.2}
docker=${DOCKER:-docker}
work=$(mktemp -d)

free_port() { node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); });'; }
WHEELWRIGHT_API_PORT=$(free_port) WHEELWRIGHT_INDEX_PORT=$(free_port) WHEELWRIGHT_REDIS_PORT=$(free_port)
python=$(python3 -c 'import sys; print(f"cp{sys.version_info.major}{sys.version_info.minor}")')
export WHEELWRIGHT_API_PORT WHEELWRIGHT_INDEX_PORT WHEELWRIGHT_REDIS_PORT
export COMPOSE_PROJECT_NAME=wheelwright-test-$$ DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0
export WHEELWRIGHT_INSTANCE=compose-test-$$ WHEELWRIGHT_COMPILER_CACHE_BYTES=0 WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES=0
export WHEELWRIGHT_API_URL=http://127.0.0.1:$WHEELWRIGHT_API_PORT WHEELWRIGHT_INDEX_URL=http://127.0.0.1:$WHEELWRIGHT_INDEX_PORT
export REDIS_URL=redis://127.0.0.1:$WHEELWRIGHT_REDIS_PORT WHEELWRIGHT_FETCH_NETWORK=host
export WHEELWRIGHT_DEFAULT_PYTHONS=$python WHEELWRIGHT_BUILDER_PYTHON=$python
export WHEELWRIGHT_BUILD_IMAGE=wheelwright-local/node:build WHEELWRIGHT_RUN_IMAGE=wheelwright-local/node:run WHEELWRIGHT_REDIS_IMAGE=wheelwright-local/redis

if "$docker" compose version >/dev/null 2>&1; then program=("$docker" compose); else program=(docker-compose); fi
compose() { "${program[@]}" --project-directory . -f "$work/compose.yml" "$@"; }
step() { printf '== %s (%s s)\n' "$1" "$SECONDS" >&2; }
fail() { printf 'FAILED: %s\n' "$1" >&2; exit 1; }
finish() {
  local status=$?
  (( status == 0 )) || compose logs --no-color --tail 40 >&2 || true
  compose down --volumes --timeout 20 >/dev/null 2>&1 || true
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

step 'base images'
test/compose/bases.sh
node test/compose/on-host.mjs >"$work/compose.yml"
step 'build'
# COMPOSE_TEST_BUILD=0: the images of an earlier run.
[[ ${COMPOSE_TEST_BUILD:-1} == 0 ]] || compose build --quiet
step 'up'
compose up -d 2>"$work/up.log" || { cat "$work/up.log" >&2; fail 'the stack did not come up'; }

step 'confinement'
for service in redis api index-server worker; do
  id=$(compose ps -q "$service")
  [[ $("$docker" inspect -f '{{.HostConfig.ReadonlyRootfs}}' "$id") == true ]] || fail "$service has a writable root"
  pid=$("$docker" inspect -f '{{.State.Pid}}' "$id")
  # The program below the init process.
  child=$(pgrep -P "$pid" | head -n 1 || true)
  [[ $(stat -c %u "/proc/${child:-$pid}") != 0 ]] || fail "$service runs as root"
  mounts=$("$docker" inspect -f '{{range .Mounts}}{{.Destination}} {{end}}' "$id")
  case $service:$mounts in
    worker:*docker.sock*) ;;
    *docker.sock*) fail "$service has the engine's socket" ;;
  esac
done
"$docker" run --rm --network none --entrypoint sh wheelwright:local -c 'command -v gcc g++ make' && fail 'the image holds a compiler'

step "build $requirement"
compose exec -T api wheelwright build "$requirement"
step 'install'
python3 -m pip install -q --isolated --no-cache-dir --target "$work/site" --index-url "$WHEELWRIGHT_INDEX_URL/simple/" --only-binary :all: "$requirement"
PYTHONPATH=$work/site python3 -c "import importlib.metadata as m; print('installed:', *(f'{d.name} {d.version}' for d in m.distributions(path=['$work/site'])))"
[[ $# -gt 0 ]] || PYTHONPATH=$work/site python3 -c 'import markupsafe._speedups as m; print(m.__file__)'

step 'restart of api and redis, then fsck and backup'
compose restart redis api >/dev/null 2>&1
for (( tries = 0; tries < 120; tries++ )); do
  node container/healthy.mjs "$WHEELWRIGHT_API_URL/readyz" && break
  sleep 1
done
compose exec -T api wheelwright list
compose exec -T api wheelwright fsck
compose exec -T api wheelwright backup /data/backup-test
step 'passed'
