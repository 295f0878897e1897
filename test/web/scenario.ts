// A service with something of each kind in it, made over HTTP by a scripted worker.
import type { Build } from '../../client/contract.js';
import type { AttemptInput, Lease } from '../../core/attempt.js';
import type { Failure } from '../../core/failure.js';
import type { Phase } from '../../core/phase.js';
import type { TestApi } from '../support/api.js';
import { makeWheel } from '../support/wheel.js';

/** A worker that does as it is told. */
export class ScriptedWorker {
  #nextLine = 1;

  constructor(
    readonly service: TestApi,
    readonly lease: Lease,
  ) {}

  async phase(phase: Phase): Promise<void> {
    await this.#post('phase', { json: { phase } });
  }

  async log(...lines: readonly string[]): Promise<void> {
    const body = lines.map((line) => `${line}\n`).join('');
    await this.#post(`log?from=${this.#nextLine}`, { body });
    this.#nextLine += lines.length;
  }

  async fail(failure: Failure): Promise<void> {
    await this.service.finish(this.lease, { kind: 'failed', failure });
  }

  async inputs(...inputs: readonly AttemptInput[]): Promise<void> {
    await this.#post('inputs', { json: { inputs } });
  }

  /** @param more further files of the wheel, by path */
  async succeed(
    filename: string,
    { more = {}, ...facts }: { grafted?: string[]; needs?: string[]; more?: Record<string, string> } = {},
  ): Promise<void> {
    const wheel = makeWheel(filename, undefined, [], more);
    await this.service.call('PUT', `/api/v1/attempts/${this.lease.attemptId}/artifacts/${filename}`, {
      body: wheel.bytes,
      lease: this.lease,
    });
    const report = { filename, sha256: wheel.sha256, sizeBytes: wheel.bytes.length, grafted: [], needs: [], ...facts };
    await this.service.finish(this.lease, { kind: 'succeeded', wheel: report });
  }

  async #post(what: string, options: { json?: unknown; body?: string }): Promise<void> {
    const path = `/api/v1/attempts/${this.lease.attemptId}/${what}`;
    const answer = await this.service.call('POST', path, { ...options, lease: this.lease });
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  }
}

/** Asks for a build of `project==version` and has it taken by a worker. */
export async function startBuild(
  service: TestApi,
  project: string,
  version = '1.0',
  more: Record<string, unknown> = {},
): Promise<{ build: Build; worker: ScriptedWorker }> {
  service.upstream.add(project, `${project}-${version}.tar.gz`);
  const [build] = await service.ask(`${project}==${version}`, more);
  if (build === undefined) throw new Error('no build');
  const lease = await service.claim();
  if (lease.order.buildId !== build.id) throw new Error(`a build of ${lease.order.project} was left in the queue`);
  return { build, worker: new ScriptedWorker(service, lease) };
}

export const MISSING_HEADER: Failure = {
  class: 'missing-header',
  phase: 'build',
  line: 'src/_spam.c:3:10: fatal error: libspam/spam.h: No such file or directory',
  lineNumber: 41,
  cause: 'The C header libspam/spam.h is not in the builder image. On Debian it comes with the package libspam-dev.',
  proposal: {
    edit: { system: { apt: ['libspam-dev'] } },
    why: 'libspam-dev is the only package of the target whose files include libspam/spam.h.',
  },
};

export async function failedBuild(
  service: TestApi,
  project: string,
  failure: Failure = MISSING_HEADER,
): Promise<Build> {
  const { build, worker } = await startBuild(service, project);
  await failAttempt(worker, failure);
  return build;
}

/** Has a release that failed solved; its first try fails as before, and another one waits for a worker. */
export async function startSolve(service: TestApi, project: string): Promise<string> {
  const asked = { requirement: `${project}==1.0`, solve: true };
  const { body } = await service.call<{ solves: { id: string }[] }>('POST', '/api/v1/builds', { json: asked });
  await failFirstTry(service);
  return body.solves[0]?.id ?? '';
}

/** What failed before a solve began is built again first. */
export async function failFirstTry(service: TestApi): Promise<void> {
  await failAttempt(new ScriptedWorker(service, await service.claim(20_000)), MISSING_HEADER);
}

async function failAttempt(worker: ScriptedWorker, failure: Failure): Promise<void> {
  await worker.phase('fetch');
  await worker.log(...Array.from({ length: 20 }, (_, n) => `Fetched build-requirement-${n} 1.${n} as a wheel`));
  await worker.phase('build');
  await worker.log(
    ...Array.from(
      { length: 20 },
      (_, n) => `\u001b[32mcc\u001b[0m -O2 -Wall -c src/module_${n}.c -o build/module_${n}.o`,
    ),
    failure.line,
    '    3 | #include <libspam/spam.h>',
    '\u001b[1;31merror:\u001b[0m command gcc failed with exit code 1',
  );
  await worker.fail(failure);
}

/** As auditwheel 6.8 writes it. */
const AUDITWHEEL_SBOM = JSON.stringify({
  bomFormat: 'CycloneDX',
  specVersion: '1.4',
  version: 1,
  metadata: {
    component: { type: 'library', name: 'it', version: '1.0', purl: 'pkg:pypi/it@1.0' },
    tools: [{ name: 'auditwheel', version: '6.8.2' }],
  },
  components: [
    { type: 'library', name: 'it', version: '1.0', purl: 'pkg:pypi/it@1.0' },
    ...['libldap-2.4-2@2.4.57+dfsg-3+deb11u1', 'libpq5@13.22-0+deb11u1'].map((each) => ({
      type: 'library',
      name: each.split('@')[0],
      version: each.split('@')[1],
      purl: `pkg:deb/debian/${each}`,
    })),
  ],
});

export async function succeededBuild(service: TestApi, project: string): Promise<Build> {
  const { build, worker } = await startBuild(service, project);
  const filename = `${project}-1.0-cp313-cp313-manylinux_2_31_x86_64.whl`;
  for (const phase of ['fetch', 'build', 'repair', 'test', 'publish'] as const) {
    await worker.phase(phase);
    await worker.log(`${phase}: begins`, `${phase}: ends`);
  }
  await worker.inputs(
    { kind: 'build-requirement', name: 'setuptools', version: '75.1.0', sha256: 'c'.repeat(64) },
    { kind: 'system-package', name: 'libpq-dev', version: '13.22-0+deb11u1' },
  );
  await worker.succeed(filename, {
    grafted: ['libpq-8b2c19aa.so.5.13', 'libldap-9f1e.so.2'],
    needs: ['libGL.so.1'],
    more: { [`${project}-1.0.dist-info/sboms/auditwheel.cdx.json`]: AUDITWHEEL_SBOM },
  });
  return build;
}
