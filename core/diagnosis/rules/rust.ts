import type { Rule } from '../rule.js';
import { missingTool } from './tools.js';

/** What cargo, rustc and what calls them say. */
export const rustRules: readonly Rule[] = [
  {
    match:
      /Rust not found, installing into a temporary directory|can't find Rust compiler|Cargo, the Rust package manager, is not installed|[Dd]o you have cargo in your PATH|rustc, the rust compiler, is not installed|(?:maturin|setuptools-rust).*(?:rustc|cargo).*(?:not found|not installed)|Unable to find (?:rustc|cargo)|Rust toolchain .*not (?:found|installed)|rustc is not installed/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause: 'The project is written in Rust, and the image has no Rust toolchain.',
    edit: { toolchains: ['rust'] },
    why: 'The rust toolchain brings rustc and cargo.',
  },
  {
    match:
      /(?:requires|needs) rustc (?:version )?v?([\d.]+)(?:.*(?:currently|active|while).*rustc(?: is| version is)? ([\d.]+))?/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      'A crate needs rustc {1}, and the image has an older one. A newer Rust toolchain, or an older release of the project, helps.',
    edit: { toolchains: ['rust'] },
    why: "The rust toolchain is newer than the distribution's rustc.",
    guess: true,
  },
  {
    match:
      /feature [`'"]edition20\d\d[`'"] is required|lock file version [`'"]?(\d+)[`'"]? (?:was found, but this version|requires)|this version of Cargo is older than the [`'"]?20\d\d|failed to parse lock file|is not supported by this (?:version of Cargo|Cargo)|cannot be built because it requires rustc/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      "The image's Rust is older than the project's crates. A newer Rust toolchain, or an older release of the project, helps.",
    edit: { toolchains: ['rust'] },
    why: "The rust toolchain is newer than the distribution's rustc.",
    guess: true,
  },
  {
    match:
      /the configured Python (?:interpreter )?version \((3\.\d+)\) is newer than PyO3's maximum supported version \((3\.\d+)\)/,
    weight: 'toolchain',
    class: 'python-too-new',
    cause:
      "The project's PyO3 knows Python up to {2}, and this is {1}. A newer release of the project or an older Python helps; building for the stable ABI often works too.",
    edit: { environment: { PYO3_USE_ABI3_FORWARD_COMPATIBILITY: '1' } },
    why: 'PyO3 then builds for the stable ABI of the newest Python that it knows.',
    guess: true,
  },
  {
    match: /error\[E0554\]|is only accepted on the nightly compiler/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      "The project's code asks for features that only a nightly Rust offers by itself. A release of Rust takes them too where RUSTC_BOOTSTRAP is set, as long as it still has them.",
    edit: { environment: { RUSTC_BOOTSTRAP: '1' } },
    why: 'RUSTC_BOOTSTRAP=1 lets a released rustc use unstable features.',
    guess: true,
  },
  {
    match: /error: toolchain '([\w.-]+)' is not installed/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      "The project's rust-toolchain file asks rustup for {1}, which is not there. Without that file (a prepare script can remove it) the toolchain of the image is used.",
    edit: { prepare: 'rm -f rust-toolchain rust-toolchain.toml\n' },
    why: 'The toolchain of the image is then used.',
    guess: true,
  },
  {
    match: /error: linker [`'"‘]([\w+.-]+)[`'"’] not found/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause: 'rustc finds no linker {1}.',
    refine: ([, name = '']) => missingTool(name),
  },
  {
    match: /could not find native static library `([\w.+-]+)`/,
    weight: 'linker',
    class: 'missing-library',
    cause: 'rustc does not find the library {1}. Its development package has it.',
    missing: [{ kind: 'library', name: '{1}' }],
  },
  {
    match: /`#\[deny\(([\w:]+)\)\]`.* on by default/,
    weight: 'compile',
    class: 'compile-error',
    cause:
      "rustc's lint {1} refuses the project's code. Compilers of the release's age accepted it, and so does this one with the lint turned off.",
    edit: { environment: { RUSTFLAGS: '-A{1}' } },
    why: '-A{1} lets rustc accept what the lint refuses.',
  },
  {
    // The reader puts where it is behind what it is.
    match: /^error(?:\[E\d{4}\])?: (.+) --> \S*\/registry\/src\/[^/]+\/([\w-]+?)-(\d+\.\d+\.\d+[^/]*)\//,
    weight: 'compile',
    class: 'compile-error',
    cause:
      'rustc refuses the crate {2} {3}, which Cargo.lock names and which is older than this rustc: {1}. A later version of the crate, or of the project, helps.',
    edit: { crates: ['{2}'] },
    why: '{2} is then locked at the newest version that Cargo.toml allows.',
    guess: true,
  },
  {
    match:
      /^error(?:\[E\d{4}\])?: (?!failed to run custom build command|could not compile|aborting due to|linking with|Failed to)(.+)$/,
    weight: 'generic',
    class: 'compile-error',
    cause: 'The Rust compiler or cargo refuses: {1}',
    refine: ([line, text = '']) =>
      /^error\[E\d{4}\]/.test(line) ||
      /^(?:failed to (?:select a version|parse manifest|load manifest|get|resolve)|no matching package|package `)/.test(
        text,
      )
        ? { class: /E\d{4}/.test(line) ? 'compile-error' : 'build-requirement' }
        : 'ignore',
  },
];
