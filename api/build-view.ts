import type { Build } from '../client/contract.js';
import type { AttemptRecord, BuildRecord, FileRecord } from '../core/store.js';

export interface BuildViewOptions {
  /** Public base URL of the index, without a trailing slash. */
  indexUrl: string;
  /** What a reader should know about a target beforehand. */
  warnings(target: BuildRecord['target']): string[];
}

/** A build as the API gives it. */
export function viewBuild(build: BuildRecord, { indexUrl, warnings }: BuildViewOptions): Build {
  return {
    id: build.id,
    project: build.project,
    version: build.version,
    requirement: build.requirement,
    target: build.target,
    channel: build.channel,
    status: build.status,
    ...period(build.createdAt, build.finishedAt, 'createdAt'),
    sdist: { filename: build.sdist.filename, sha256: build.sdist.sha256 },
    recipeDigest: build.recipeDigest,
    needs: build.needs,
    attempts: build.attempts.map(viewAttempt),
    files: build.files.map((file) => viewFile(file, indexUrl)),
    warnings: warnings(build.target),
  };
}

export function viewFile(file: FileRecord, indexUrl: string): Build['files'][number] {
  return {
    filename: file.filename,
    sha256: file.sha256,
    sizeBytes: file.sizeBytes,
    url: `${indexUrl}${fileRoute(file)}`,
    grafted: file.grafted,
    needs: file.needs,
    ...(file.cpu === undefined ? {} : { cpu: file.cpu }),
    ...(file.yanked === undefined ? {} : { yanked: file.yanked }),
    ...(file.provenanceSha256 === undefined ? {} : { provenanceUrl: `${indexUrl}${provenanceRoute(file)}` }),
  };
}

/** Path on the index-server. */
function fileRoute({ project, sha256, filename, channel }: FileRecord): string {
  const prefix = channel === 'trial' ? '/trial' : '';
  return `${prefix}/files/${project}/${sha256}/${encodeURIComponent(filename)}`;
}

function provenanceRoute({ project, version, filename, channel }: FileRecord): string {
  const prefix = channel === 'trial' ? '/trial' : '';
  return `${prefix}/integrity/${project}/${version}/${encodeURIComponent(filename)}/provenance`;
}

function viewAttempt(attempt: AttemptRecord): Build['attempts'][number] {
  return {
    id: attempt.id,
    number: attempt.number,
    status: attempt.status,
    ...(attempt.phase === undefined ? {} : { phase: attempt.phase }),
    worker: attempt.worker,
    ...period(attempt.startedAt, attempt.finishedAt, 'startedAt'),
    phases: attempt.phases.map(({ phase, firstLine, startedAt, finishedAt }) => ({
      phase,
      firstLine,
      ...period(startedAt, finishedAt, 'startedAt'),
    })),
    ...(attempt.failure === undefined ? {} : { failure: attempt.failure }),
  };
}

function period<Key extends 'createdAt' | 'startedAt'>(start: number, end: number | undefined, key: Key) {
  const begin = { [key]: new Date(start).toISOString() } as Record<Key, string>;
  return end === undefined ? begin : { ...begin, finishedAt: new Date(end).toISOString() };
}
