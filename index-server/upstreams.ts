import type { ClosableUpstream } from '../adapters/upstream/simple-upstream.js';
import { WheelwrightError } from '../core/errors.js';
import type { UpstreamSettings } from '../core/index-policy.js';
import type { Upstream } from '../core/upstream.js';
import type { IndexSettings } from './settings.js';

/** The policy's upstreams, opened when they are first needed: to learn the default one from pip takes seconds, and can fail. */
export class Upstreams {
  readonly #settings: IndexSettings;
  readonly #opened = new Map<string, Promise<ClosableUpstream>>();

  constructor(settings: IndexSettings) {
    this.#settings = settings;
  }

  /** @throws WheelwrightError `unavailable` when nothing says where the default upstream is. */
  get(name: string): Promise<Upstream> {
    const present = this.#opened.get(name);
    if (present !== undefined) return present;
    const opened = this.#open(name);
    this.#opened.set(name, opened);
    opened.catch(() => this.#opened.delete(name));
    return opened;
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    await Promise.all(opened.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
  }

  async #open(name: string): Promise<ClosableUpstream> {
    const { policy, upstreamUrl, ca, upstreamLimits: limits } = this.#settings;
    const upstream: UpstreamSettings | undefined = policy.upstreams.find((each) => each.name === name);
    if (upstream === undefined) throw new WheelwrightError('internal', `the policy has no upstream ${name}`);
    const fileHosts = upstream['file-hosts'];
    // Loaded now: an HTTP client and an HTML parser are half of what the start would cost.
    const [{ openSimpleUpstream }, { resolveUpstreamUrl }] = await Promise.all([
      import('../adapters/upstream/simple-upstream.js'),
      import('../adapters/upstream/upstream-url.js'),
    ]);
    return openSimpleUpstream({
      url: upstream.url ?? upstreamUrl ?? (await resolveUpstreamUrl(process.env)),
      ...(ca === undefined ? {} : { ca }),
      ...(limits === undefined ? {} : { limits }),
      ...(fileHosts === undefined ? {} : { fileHosts }),
    });
  }
}
