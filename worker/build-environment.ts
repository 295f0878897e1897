import type { BuildOrder } from '../core/attempt.js';

/**
 * What makes the same sources give the same bytes, and keeps tools from reaching for a network (reference/building-wheels.md, 3 and 6).
 * Repair takes the same, so that the archive's times and order are the same as well.
 */
export function buildEnvironment(order: BuildOrder, sourceDateEpoch: number, jobs: number): Record<string, string> {
  return {
    HOME: '/build/home',
    TMPDIR: '/build/tmp',
    XDG_CACHE_HOME: '/build/cache',
    UV_CACHE_DIR: '/build/cache/uv',
    UV_NO_CONFIG: '1',
    UV_OFFLINE: '1',
    // Hooks run one after the other and import the same backend; their bytecode stays out of what they pack.
    PYTHONDONTWRITEBYTECODE: '',
    PYTHONPYCACHEPREFIX: '/build/cache/bytecode',
    SOURCE_DATE_EPOCH: String(sourceDateEpoch),
    // CFLAGS would replace the interpreter's own flags in setuptools from 75.7 on.
    CPPFLAGS: '-ffile-prefix-map=/build/src=.',
    LDFLAGS: '-Wl,--build-id=none',
    // RUSTFLAGS would take the place of what a project sets for itself.
    CARGO_BUILD_RUSTFLAGS: '--remap-path-prefix=/build/src=. --remap-path-prefix=/inputs/cargo=cargo',
    CARGO_INCREMENTAL: '0',
    CARGO_HOME: '/inputs/cargo',
    CARGO_NET_OFFLINE: 'true',
    MATURIN_NO_INSTALL_RUST: '1',
    GOMODCACHE: '/inputs/go',
    GOPROXY: 'off',
    GOSUMDB: 'off',
    GOTOOLCHAIN: 'local',
    GOFLAGS: '-trimpath',
    // Java takes the home folder from the passwd file.
    MAVEN_OPTS: '-Duser.home=/build/home',
    PIP_NO_INDEX: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    // What compilers and build tools read to know how many jobs to start.
    MAX_JOBS: String(jobs),
    MAKEFLAGS: `-j${jobs}`,
    CMAKE_BUILD_PARALLEL_LEVEL: String(jobs),
    CARGO_BUILD_JOBS: String(jobs),
    NPY_NUM_BUILD_JOBS: String(jobs),
    AUDITWHEEL_PLAT: `${order.target.policy}_${order.target.arch}`,
  };
}
