import { useState } from 'preact/hooks';
import type { Build } from '../../../client/contract.js';
import { isFinished } from '../../../core/build.js';
import { at } from '../base.js';
import { AttemptTabs } from '../build/attempt-tabs.js';
import { BuildActions } from '../build/build-actions.js';
import { Comparison } from '../build/comparison.js';
import { FailurePanel } from '../build/failure-panel.js';
import { FileList } from '../build/file-list.js';
import { Inputs } from '../build/inputs.js';
import { Timeline } from '../build/timeline.js';
import { LogView } from '../log/log-view.js';
import { setQuery, usePlace } from '../router.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { Status } from '../ui/status.js';
import { Ago } from '../ui/time.js';
import { useTitle } from '../ui/title.js';

const LIVE_MS = 1_500;

/** One build: what became of it, why, and its log. */
export function BuildPage({ id }: { id: string }) {
  const {
    data: build,
    error,
    reload,
  } = useResource<Build>(`builds/${encodeURIComponent(id)}`, (read) =>
    read !== undefined && isFinished(read.status) ? 0 : LIVE_MS,
  );
  useTitle(build === undefined ? 'Build' : `${build.project} ${build.version} ${build.status}`);
  if (build === undefined) {
    return (
      <div class="page">
        <h1>Build</h1>
        {error === undefined ? <p class="empty">Loading…</p> : <ProblemNote error={error} />}
      </div>
    );
  }
  return (
    <div class="page">
      <BuildHeader build={build} onChange={reload} />
      {error !== undefined && <ProblemNote error={error} />}
      {build.nobody !== undefined && (
        <section class="note" role="status">
          <p>{build.nobody}</p>
        </section>
      )}
      {build.status === 'waiting' && <WaitsFor needs={build.needs} />}
      <BuildBody build={build} onChange={reload} />
    </div>
  );
}

function BuildHeader({ build, onChange }: { build: Build; onChange(): void }) {
  const { target } = build;
  return (
    <header class="build-header">
      <div>
        <h1>
          <a href={at(`packages/${build.project}`)}>{build.project}</a> {build.version}
        </h1>
        <p class="facts">
          <span role="status">
            <Status status={build.status} />
          </span>
          <span class="chip">{target.python}</span>
          <span class="chip">{target.policy}</span>
          <span class="chip">{target.arch}</span>
          {build.channel === 'trial' && (
            <span class="chip warn" title="Nobody has approved its recipe yet: served under /trial/simple/ only">
              trial
            </span>
          )}
          <span class="detail">
            asked for <Ago iso={build.createdAt} /> as <code>{build.requirement}</code>
          </span>
        </p>
      </div>
      <BuildActions build={build} onChange={onChange} />
    </header>
  );
}

function WaitsFor({ needs }: { needs: readonly string[] }) {
  return (
    <section class="note">
      <p>
        Waits for{' '}
        {needs.map((id, index) => (
          <>
            {index > 0 && ', '}
            <NeededBuild key={id} id={id} />
          </>
        ))}
        .
      </p>
    </section>
  );
}

function NeededBuild({ id }: { id: string }) {
  const { data } = useResource<Build>(`builds/${id}`, () => 5_000);
  return (
    <a href={at(`builds/${id}`)}>{data === undefined ? id : `${data.project} ${data.version} (${data.status})`}</a>
  );
}

function BuildBody({ build, onChange }: { build: Build; onChange(): void }) {
  const { query } = usePlace();
  const [jump, setJump] = useState<{ line: number } | { section: number }>();
  const asked = Number(query.get('attempt') ?? 0);
  const attempt = build.attempts.find(({ number }) => number === asked) ?? build.attempts.at(-1);
  if (attempt === undefined) {
    return (
      <>
        <Warnings build={build} />
        <FileList build={build} />
        {build.files.length === 0 && <p class="empty">{noAttemptText(build)}</p>}
      </>
    );
  }
  const select = (number: number) => {
    setJump(undefined);
    setQuery({ attempt: number === build.attempts.at(-1)?.number ? undefined : String(number) });
  };
  return (
    <>
      {attempt.failure !== undefined && (
        <FailurePanel build={build} attempt={attempt} failure={attempt.failure} onJump={(line) => setJump({ line })} />
      )}
      <Warnings build={build} />
      <FileList build={build} />
      {build.attempts.length > 1 && (
        <AttemptTabs attempts={build.attempts} selected={attempt.number} onSelect={select} />
      )}
      {attempt.failure === undefined && attempt.finishedAt !== undefined && build.attempts.length > 1 && (
        <Comparison
          key={`comparison ${attempt.id}`}
          build={build}
          attempt={attempt}
          onJump={(line) => setJump({ line })}
        />
      )}
      <Timeline attempt={attempt} onSelect={(section) => setJump({ section })} />
      <Inputs key={`inputs ${attempt.id}`} attemptId={attempt.id} live={attempt.finishedAt === undefined} />
      <LogView key={attempt.id} attempt={attempt} jump={jump} onPhase={onChange} />
    </>
  );
}

function Warnings({ build }: { build: Build }) {
  return (
    <>
      {build.warnings.map((warning) => (
        <p key={warning} class="note warn">
          {warning}
        </p>
      ))}
    </>
  );
}

function noAttemptText(build: Build): string {
  if (build.status === 'queued') {
    const since = build.nobody === undefined ? 'is free' : 'is there that can make it';
    return `Queued: it starts as soon as a worker ${since}.`;
  }
  if (build.status === 'cancelled') return 'Cancelled before any worker took it.';
  return 'No attempt has been made yet.';
}
