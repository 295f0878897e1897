import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { IndexReader } from '../adapters/sqlite/index-reader.js';
import type { Channel } from '../core/build.js';
import type { PageFormat } from '../core/simple-index-negotiation.js';
import {
  ROOT_HTML_END,
  ROOT_HTML_START,
  ROOT_JSON_END,
  ROOT_JSON_START,
  rootEntryHtml,
  rootEntryJson,
} from '../core/simple-index-render.js';
import { type GzipPiece, gzipPiece, joinGzip } from './gzip-pieces.js';
import type { EncodedPage } from './rendered-page.js';

/** The names from one on, up to the next segment's first. */
interface Segment {
  from: string;
  digest: string;
  empty: boolean;
  pieces: Record<PageFormat, GzipPiece>;
  dirty: boolean;
}

export interface RootBody {
  gzip: EncodedPage;
  identity: () => EncodedPage;
}

const SEGMENT_NAMES = 2000;

/** The list of all projects of a channel: in segments, so that a new project costs its segment and not half a million names. */
export class RootPage {
  readonly #channel: Channel;
  #segments: Segment[] | undefined;
  #bodies = new Map<PageFormat, RootBody>();
  #rendering: Promise<void> | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** The page when it is at hand and true. */
  peek(format: PageFormat): RootBody | undefined {
    return this.#segments?.some(({ dirty }) => dirty) === false ? this.#bodies.get(format) : undefined;
  }

  async body(format: PageFormat, reader: IndexReader | undefined): Promise<RootBody> {
    for (;;) {
      const present = this.peek(format);
      if (present !== undefined) return present;
      this.#rendering ??= this.#render(reader).finally(() => {
        this.#rendering = undefined;
      });
      await this.#rendering;
      if (this.#segments?.some(({ dirty }) => dirty) === false) this.#bodies.set(format, this.#join(format));
    }
  }

  /** Marks the segments in which these projects are, or would be. */
  changed(projects: readonly string[]): void {
    for (const project of projects) {
      const segment = this.#segments?.findLast(({ from }) => from <= project);
      if (segment !== undefined) segment.dirty = true;
    }
  }

  forgetAll(): void {
    this.#segments = undefined;
    this.#bodies.clear();
  }

  async #render(reader: IndexReader | undefined): Promise<void> {
    if (this.#segments === undefined) {
      const segments: Segment[] = [];
      this.#segments = segments;
      let from: string | undefined = '';
      while (from !== undefined) {
        const names: string[] = reader?.projectNames(this.#channel, from, undefined, SEGMENT_NAMES + 1) ?? [];
        segments.push(segmentOf(from, names.slice(0, SEGMENT_NAMES)));
        from = names[SEGMENT_NAMES];
        // Half a million names take a second: other requests are answered in between.
        await nextTurn();
      }
    }
    await this.#renderDirty(this.#segments, reader);
  }

  async #renderDirty(segments: Segment[], reader: IndexReader | undefined): Promise<void> {
    for (let at = 0; at < segments.length; at++) {
      const segment = segments[at] as Segment;
      if (!segment.dirty) continue;
      const names = reader?.projectNames(this.#channel, segment.from, segments[at + 1]?.from, 4 * SEGMENT_NAMES) ?? [];
      const parts = split(segment.from, names);
      const same = parts.length === 1 && parts[0]?.digest === segment.digest;
      segments.splice(at, 1, ...parts);
      if (!same) this.#bodies.clear();
      if (at % 16 === 15) await nextTurn();
    }
  }

  #join(format: PageFormat): RootBody {
    const [start, end, comma] =
      format === 'json' ? [ROOT_JSON_START, ROOT_JSON_END, ','] : [ROOT_HTML_START, ROOT_HTML_END, ''];
    const full = (this.#segments ?? []).filter(({ empty }) => !empty);
    const separator = gzipPiece(comma);
    const middle = full.flatMap(({ pieces }, at) => (at === 0 ? [pieces[format]] : [separator, pieces[format]]));
    const gzip = joinGzip([gzipPiece(start), ...middle, gzipPiece(end)]);
    const hash = createHash('sha256').update(format);
    for (const { digest } of full) hash.update(digest);
    const digest = hash.digest('hex').slice(0, 32);
    return {
      gzip: { body: gzip, etag: `"${digest}-gzip"` },
      identity: () => ({ body: gunzipSync(gzip), etag: `"${digest}"` }),
    };
  }
}

function split(from: string, names: readonly string[]): Segment[] {
  if (names.length <= 2 * SEGMENT_NAMES) return [segmentOf(from, names)];
  const half = Math.ceil(names.length / 2);
  return [segmentOf(from, names.slice(0, half)), ...split(names[half] as string, names.slice(half))];
}

function segmentOf(from: string, names: readonly string[]): Segment {
  return {
    from,
    digest: createHash('sha256').update(names.join('\n')).digest('hex'),
    empty: names.length === 0,
    pieces: {
      json: gzipPiece(names.map(rootEntryJson).join(',')),
      html: gzipPiece(names.map(rootEntryHtml).join('')),
    },
    dirty: false,
  };
}
