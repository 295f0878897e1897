import { useEffect } from 'preact/hooks';
import type { Build } from '../../../client/contract.js';
import { at } from '../base.js';
import { Status } from '../ui/status.js';
import { Ago, Duration } from '../ui/time.js';
import { failureOf } from './failure-of.js';

interface Props {
  builds: readonly Build[];
  /** Whether the cause of their failure stands above them already. */
  grouped?: boolean;
}

/** A list of builds. */
export function BuildRows({ builds, grouped = false }: Props) {
  return (
    <ul class="build-rows">
      {builds.map((build) => (
        <li key={build.id}>
          <BuildRow build={build} what={grouped ? (failureOf(build)?.line ?? '') : describe(build)} />
        </li>
      ))}
    </ul>
  );
}

/** j and k, or the arrow keys, move between the builds of a page. */
export function useRowKeys(): void {
  useEffect(() => {
    const move = (event: KeyboardEvent) => {
      const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
      if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      const links = [...document.querySelectorAll<HTMLAnchorElement>('a.build-row')];
      const focused = document.activeElement;
      const index = links.indexOf(focused as HTMLAnchorElement);
      // The arrow keys scroll the page, and letters are for typing, unless the reader is in the list already.
      const elsewhere = index < 0 && (event.key.startsWith('Arrow') || focused?.matches('input, textarea, select'));
      const next = links[index < 0 ? 0 : index + by];
      if (elsewhere || next === undefined) return;
      event.preventDefault();
      next.focus();
    };
    document.addEventListener('keydown', move);
    return () => document.removeEventListener('keydown', move);
  }, []);
}

function BuildRow({ build, what }: { build: Build; what: string }) {
  const attempt = build.attempts.at(-1);
  const { target } = build;
  return (
    <a class="build-row" href={at(`builds/${build.id}`)}>
      <Status status={build.status} />
      <span class="release">
        <strong>{build.project}</strong> {build.version}
        {build.channel === 'trial' && <span class="chip">trial</span>}
      </span>
      <span class="target">
        {target.python} · {target.policy} · {target.arch}
      </span>
      <span class="what">{what}</span>
      <span class="when">
        {attempt !== undefined && <Duration from={attempt.startedAt} to={attempt.finishedAt} />}
        <Ago iso={build.createdAt} />
      </span>
    </a>
  );
}

function describe(build: Build): string {
  const failure = failureOf(build);
  if (failure !== undefined) return `${failure.class}: ${failure.line === '' ? failure.cause : failure.line}`;
  if (build.status === 'running') return build.attempts.at(-1)?.phase ?? 'starting';
  if (build.status === 'waiting')
    return build.needs.length === 1 ? 'for another build' : `for ${build.needs.length} other builds`;
  return build.files.map(({ filename }) => filename).join(', ');
}
