import type { CachedFile } from '../adapters/sqlite/index-cache.js';
import type { Channel } from '../core/build.js';
import { WheelwrightError } from '../core/errors.js';
import { type Assembly, assembleProject, type HeldProject, type OfferedFile } from '../core/index-assembly.js';
import { type IndexPolicy, rulesFor, upstreamsFor } from '../core/index-policy.js';
import type { ProjectPage } from '../core/simple-index.js';
import type { HostedProjects } from './hosted-index.js';
import type { RenderedPage } from './rendered-page.js';
import { DOWN_MS, type UpstreamAnswer, type UpstreamPages } from './upstream-pages.js';
import type { Upstreams } from './upstreams.js';

/** Everything the index says about one project in one channel; pages, files, metadata and provenance are all answered from it. */
export interface ProjectView {
  channel: Channel;
  assembly: Assembly;
  /** By name; undefined for a file that is not offered. */
  offered: (filename: string) => OfferedFile | undefined;
  /** This organisation's own: no upstream is asked. */
  owned: boolean;
  reserved: boolean;
  /** A name of this organisation that this one, which is not, can be taken for. */
  looksLike?: string;
  /** False: neither this service nor an upstream has ever heard of it. */
  known: boolean;
  /** The upstream could not be asked: the files are what it said at a time before (milliseconds since the epoch), or only this service's own. */
  degraded?: { saidAt: number } | 'own-files-only';
  /** Milliseconds since the epoch. */
  freshUntil: number;
  /** Rendered on demand. */
  pages: Map<string, RenderedPage>;
  /** Pages from before the project changed, for as long as they are not rendered anew. */
  earlier: Map<string, RenderedPage>;
}

export interface ProjectViewsOptions {
  hosted: HostedProjects;
  policy: IndexPolicy;
  upstreams: Upstreams;
  upstreamPages: UpstreamPages;
  heldFile: (sha256: string) => CachedFile | undefined;
  /** Milliseconds since the epoch. */
  clock: () => number;
  onFault: (message: string, error: unknown) => void;
  /** Number of files over all views that are kept. */
  maxFiles: number;
}

/** What a view takes besides its files, in files: a view of none, too, which anybody makes by asking for a name that nobody knows. */
const ALONE = 10;
/** Projects whose pages are kept when they change, and the files from which on that is worth it. */
const KEPT_EARLIER = 4;
const EARLIER_FROM_FILES = 500;

type NamedAnswer = UpstreamAnswer & { upstream: string };

/** The views of the projects that were asked for lately, each thrown away when its project changes. */
export class ProjectViews {
  readonly #options: ProjectViewsOptions;
  readonly #views = new Map<string, ProjectView>();
  /** Pages of projects that have changed since, for their next views. */
  readonly #earlier = new Map<string, ProjectView['pages']>();
  #files = 0;
  #generation = 0;

  constructor(options: ProjectViewsOptions) {
    this.#options = options;
  }

  /** The view when it is at hand and still true. */
  peek(channel: Channel, project: string): ProjectView | undefined {
    const view = this.#views.get(`${channel}/${project}`);
    return view !== undefined && view.freshUntil > this.#options.clock() ? view : undefined;
  }

  /** @throws WheelwrightError `unavailable` when an upstream that would have to be asked cannot be. */
  async get(channel: Channel, project: string, signal: AbortSignal): Promise<ProjectView> {
    const present = this.peek(channel, project);
    if (present !== undefined) return present;
    for (;;) {
      const generation = this.#generation;
      const view = await this.#build(channel, project, signal);
      // What was published while the upstream answered has to be in the view.
      if (generation !== this.#generation) continue;
      this.#keep(`${channel}/${project}`, view);
      return view;
    }
  }

  forget(project: string): void {
    this.#generation++;
    for (const channel of ['stable', 'trial'] as const) {
      const key = `${channel}/${project}`;
      this.#keepEarlier(key);
      this.#drop(key);
    }
  }

  forgetAll(): void {
    this.#generation++;
    this.#views.clear();
    this.#earlier.clear();
    this.#files = 0;
  }

  async #build(channel: Channel, project: string, signal: AbortSignal): Promise<ProjectView> {
    const { hosted, policy, clock } = this.#options;
    const rules = rulesFor(policy, project);
    const owned = hosted.isOwned(project);
    const asked = owned || rules.access === 'deny' ? undefined : await this.#askUpstreams(project, signal);
    // Published or reserved while the upstream answered: what it said no longer counts.
    if (!owned && hosted.isOwned(project)) return this.#build(channel, project, signal);
    const here = this.#here(channel, project);
    // What is held here is served whatever happens elsewhere.
    if (asked instanceof WheelwrightError && here === undefined) throw asked;
    const answer = asked instanceof WheelwrightError ? undefined : asked;
    const page = answer?.page === undefined ? undefined : this.#withHeldMetadata(answer.page);
    const now = clock();
    const looksLike = owned ? undefined : hosted.lookAlike(project);
    if (looksLike !== undefined && page !== undefined) {
      this.#options.onFault(
        `${project} comes from an upstream and looks like ${looksLike}, which is owned here`,
        undefined,
      );
    }
    const assembly = assembleProject(
      {
        name: project,
        rules,
        here,
        deleted: page && hosted.reader?.deleted(project, channel),
        upstream:
          page === undefined || answer === undefined
            ? undefined
            : { name: answer.upstream, page, refused: answer.refused },
      },
      now,
    );
    return {
      channel,
      assembly,
      offered: byName(assembly.offered),
      owned,
      reserved: hosted.isReserved(project),
      ...(looksLike === undefined ? {} : { looksLike }),
      known: here !== undefined || page !== undefined || rules.access === 'deny',
      ...(asked instanceof WheelwrightError ? { degraded: 'own-files-only' as const } : {}),
      ...(answer?.stale === true ? { degraded: { saidAt: answer.fetchedAt } } : {}),
      freshUntil: Math.min(
        asked instanceof WheelwrightError ? now + DOWN_MS : (answer?.freshUntil ?? Number.POSITIVE_INFINITY),
        assembly.changesAt ?? Number.POSITIVE_INFINITY,
      ),
      pages: new Map(),
      earlier: this.#earlier.get(`${channel}/${project}`) ?? new Map(),
    };
  }

  /** The first upstream that knows the project; a failing one is not passed over, since the next might hold another project of that name. */
  async #askUpstreams(project: string, signal: AbortSignal): Promise<NamedAnswer | WheelwrightError | undefined> {
    let unknown: NamedAnswer | undefined;
    try {
      for (const { name } of upstreamsFor(this.#options.policy, project)) {
        const upstream = await this.#options.upstreams.get(name);
        const answer = { ...(await this.#options.upstreamPages.page(name, upstream, project, signal)), upstream: name };
        // For no longer than an earlier one is known not to have it.
        const freshUntil = Math.min(answer.freshUntil, unknown?.freshUntil ?? Number.POSITIVE_INFINITY);
        if (answer.page !== undefined) return { ...answer, freshUntil };
        unknown = { ...answer, freshUntil };
      }
      return unknown;
    } catch (error) {
      if (error instanceof WheelwrightError) return error;
      throw error;
    }
  }

  #here(channel: Channel, name: string): HeldProject | undefined {
    const { reader } = this.#options.hosted;
    const project = reader?.project(name);
    if (reader === undefined || project === undefined) return undefined;
    const files = reader.files(name, channel);
    // Known by its trial wheels only, the project is unknown to those who did not ask for them.
    return files.length === 0 && !project.owned ? undefined : { ...project, files };
  }

  /** An upstream's promise of metadata is not passed on: only what is held here can be served whatever happens there. */
  #withHeldMetadata(page: ProjectPage): ProjectPage {
    const files = page.files.map(({ coreMetadata: _, provenanceUrl: __, ...file }) => {
      const held = file.hashes.sha256 === undefined ? undefined : this.#options.heldFile(file.hashes.sha256);
      if (held === undefined) return file;
      const { sizeBytes, metadata } = held;
      return { ...file, sizeBytes, ...(metadata === undefined ? {} : { coreMetadata: { sha256: metadata.sha256 } }) };
    });
    return { ...page, files };
  }

  #keep(key: string, view: ProjectView): void {
    this.#drop(key);
    this.#views.set(key, view);
    this.#files += weight(view);
    for (const oldest of this.#views.keys()) {
      if (this.#files <= this.#options.maxFiles || oldest === key) break;
      this.#drop(oldest);
    }
  }

  #keepEarlier(key: string): void {
    const view = this.#views.get(key);
    if (view === undefined || view.assembly.offered.length < EARLIER_FROM_FILES) return;
    this.#earlier.delete(key);
    this.#earlier.set(key, new Map([...view.earlier, ...view.pages]));
    const [oldest] = this.#earlier.keys();
    if (this.#earlier.size > KEPT_EARLIER && oldest !== undefined) this.#earlier.delete(oldest);
  }

  #drop(key: string): void {
    const view = this.#views.get(key);
    if (view === undefined) return;
    this.#views.delete(key);
    this.#files -= weight(view);
  }
}

/** Of a page no file is asked for before it has been read. */
function byName(offered: readonly OfferedFile[]): ProjectView['offered'] {
  let files: Map<string, OfferedFile> | undefined;
  return (filename) => {
    files ??= new Map(offered.map((offer) => [offer.file.filename, offer]));
    return files.get(filename);
  };
}

function weight({ assembly }: ProjectView): number {
  return ALONE + assembly.offered.length + assembly.withheld.length;
}
