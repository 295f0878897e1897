// Which edits of a recipe that works may be taken away again.
import { canonicalJson } from './digest.js';
import { mergeEdit, packagesOf } from './recipe/edit.js';
import { type SolveEdit, type SolveTry, sameFailure } from './solve-try.js';

/** The try whose failure led to an edit. */
export function madeFor(edit: SolveEdit | undefined, tries: readonly SolveTry[]): SolveTry | undefined {
  return tries.find(({ buildId }) => buildId === edit?.evidence.buildId);
}

/** A guess may have changed nothing; what a newer release asked for may not be wanted by this one; what a log asked for may no longer be wanted once the requirements or switches are others. */
export function mayBeNeedless({ edits, version, outcome }: SolveTry, at: number, tries: readonly SolveTry[]): boolean {
  const edit = edits[at];
  if (outcome.kind === 'succeeded' && edit !== undefined && isLinked(edit, outcome.libraries ?? [])) return false;
  return (
    (edit?.guess === true && !hasHelped(edit, tries)) ||
    (madeFor(edit, tries)?.version !== version && !asksAlike(version, tries)) ||
    edits.slice(at + 1).some((later) => !onlyAdds(later) && leadingElsewhere(edit).some((key) => key in later.edit))
  );
}

/** Keys of a later edit after which what was asked for may no longer be: what sources include, they include whatever Python packages are there. */
function leadingElsewhere(edit: SolveEdit | undefined): string[] {
  const switches = ['environment', 'config-settings'];
  return edit?.evidence.class === 'missing-header' ? switches : ['requires', ...switches];
}

/** The failure was gone after it: a build fails alike until its cause is. */
function hasHelped(edit: SolveEdit, tries: readonly SolveTry[]): boolean {
  const before = madeFor(edit, tries);
  const after = tries.find(
    (each) => each.version === before?.version && canonicalJson(each.edits.at(-1)) === canonicalJson(edit),
  );
  if (before === undefined || after === undefined || sameFailure(before.outcome, after.outcome)) return false;
  return onlyAdds(edit);
}

/** The older release, with an edit of the newer one taken away, failed as that one did before the edit was made: what else was asked for, it asks for as well. */
function asksAlike(version: string, tries: readonly SolveTry[]): boolean {
  return tries.some((each) => {
    if (each.purpose !== 'without' || each.version !== version) return false;
    const kept = new Set(each.edits.map((edit) => canonicalJson(edit)));
    const removed = tries[each.parent ?? -1]?.edits.find((edit) => !kept.has(canonicalJson(edit)));
    const before = madeFor(removed, tries);
    return before !== undefined && before.version !== version && sameFailure(before.outcome, each.outcome);
  });
}

const ADDING: ReadonlySet<string> = new Set(['system', 'runtime', 'toolchains', 'prepare', 'sources', 'additions']);

/** It only adds something, or rewrites what failed: where the failure is another afterwards, it was needed. A switch may have led elsewhere instead. */
function onlyAdds({ edit }: SolveEdit): boolean {
  const { requires = {}, ...others } = mergeEdit({}, edit);
  return [...Object.keys(requires), ...Object.keys(others)].every((key) => ADDING.has(key));
}

/** The edit does nothing but install packages, and the wheel was linked against the library of one of them. */
function isLinked(made: SolveEdit, libraries: readonly string[]): boolean {
  const packages = packagesOf(made);
  if (packages.length === 0 || Object.keys(made.edit).length > 1) return false;
  const linked = new Set(libraries.map(nameOfLibrary));
  return packages.some((name) => name.endsWith('-dev') && linked.has(nameOfLibrary(name)));
}

/** `tag` of `libtag1-dev` and of `libtag-2f1d0c3e.so.1.17.0`: Debian names packages of libraries as their files. */
function nameOfLibrary(name: string): string {
  return name.replace(/^lib/, '').split(/[-_.]/)[0]?.replace(/\d+$/, '') ?? '';
}
