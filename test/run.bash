# shellcheck shell=bash
# `./wheelwright test [unit|integration|web|e2e|packages|compose|all]`, sourced by the front door, whose functions it uses. `all` is what CI runs; `packages` builds slow ones too.

# Each program is in the Debian package of its own name.
ensure_test_programs() {
  local tool packages=()
  for tool in "$@"; do
    PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || packages+=("$tool")
  done
  (( ${#packages[@]} == 0 )) && return
  is_debian_root || fail "these tests need ${packages[*]}" "Install them, or run: ./wheelwright test unit"
  # The tests start their own; the packages' services would only take the ports.
  export RUNLEVEL=1
  install_packages "${packages[@]}"
}

# Each failed check counts as one failed test, so that the closing line never says 0 where the exit code says otherwise.
run_check() {
  local name=$1; shift
  say "== $name"
  if "$@" </dev/null; then (( passed += 1 )); else (( failed += 1 )); say "$name: FAILED"; fi
}

run_vitest() {
  local project=$1 report=$results/$1.json counts status=0
  say "== $project tests"
  node "$root/node_modules/vitest/vitest.mjs" run --project "$project" --reporter default --reporter json --outputFile.json "$report" </dev/null || status=$?
  counts=$(node -e '
    const { testResults } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    const tests = testResults.flatMap((file) => file.assertionResults);
    // A file that does not even load has no tests, and must not go unnoticed.
    const broken = testResults.filter((file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"));
    const count = (status) => tests.filter((test) => test.status === status).length;
    console.log(count("passed"), count("failed") + broken.length);
  ' "$report" 2>/dev/null) || counts="0 1"
  local of_project_passed of_project_failed
  read -r of_project_passed of_project_failed <<<"$counts"
  # Errors outside of any test (an unhandled rejection, a leak) fail the run as well.
  if (( status != 0 && of_project_failed == 0 )); then of_project_failed=1; fi
  (( passed += of_project_passed, failed += of_project_failed )) || true
}

run_tests() {
  local what=${1:-all} passed=0 failed=0 results
  case $what in unit | integration | web | e2e | packages | compose | all) ;; *)
    say "usage: ./wheelwright test [unit|integration|web|e2e|packages|compose|all]"
    exit 2 ;;
  esac
  cd "$root"
  prepare_programs
  results=$(mktemp -d)
  # Expanded now: the variable is gone when the shell ends.
  # shellcheck disable=SC2064
  trap "rm -rf '$results'" EXIT
  if [[ $what == unit || $what == all ]]; then
    run_check types npm run --silent types
    run_check lint npm run --silent lint
    run_vitest unit
  fi
  if [[ $what == integration || $what == all ]]; then
    ensure_test_programs redis-server nginx
    run_vitest integration
  fi
  if [[ $what == web || $what == all ]]; then
    ensure_test_programs chromium
    run_vitest web
  fi
  if [[ $what == e2e || $what == all ]]; then
    ensure_engine
    run_vitest e2e
  fi
  if [[ $what == packages ]]; then
    ensure_engine
    run_vitest packages
  fi
  # Not part of all: it builds images for minutes, and takes docker-compose.
  if [[ $what == compose ]]; then
    ensure_engine
    run_check compose test/compose/test.sh
  fi
  echo "$passed passed, $failed failed"
  (( failed == 0 ))
}
