import type { Readable } from 'node:stream';
import type { ProjectPage } from './simple-index.js';

/** A project page with what its cache entry needs. */
export interface UpstreamPage {
  page: ProjectPage;
  validators: PageValidators;
  /** Seconds that the upstream says the page stays fresh. */
  maxAgeSeconds?: number;
}

/** What an upstream can be asked by whether a page has changed (RFC 9110, 8.8); empty where it gives nothing of the kind. */
export interface PageValidators {
  etag?: string;
  lastModified?: string;
}

/** The page is still the one that had the validators. */
export interface UnchangedPage {
  unchanged: true;
  maxAgeSeconds?: number;
}

/** An upstream index of which only the simple API is used: JSON where offered, else HTML. */
export interface Upstream {
  /** Where it is, for messages; no credentials in it. */
  readonly url: string;
  /**
   * The page of a normalised project name; undefined when the upstream says that there is no such project.
   * @throws WheelwrightError `unavailable` when it cannot be reached, answers 5xx, or answers something that is not an index page.
   */
  project(name: string, signal: AbortSignal): Promise<UpstreamPage | undefined>;
  /** As {@link project}, for someone who has the page already. */
  projectUnless(
    name: string,
    known: PageValidators,
    signal: AbortSignal,
  ): Promise<UpstreamPage | UnchangedPage | undefined>;
  /**
   * The bytes behind a URL that a page of this upstream gave. The caller checks the hash.
   * @throws WheelwrightError `unavailable`, or `not-found` when the upstream no longer has it.
   */
  file(url: string, signal: AbortSignal): Promise<Readable>;
  /**
   * Bytes `start` to `end` (inclusive) of such a file, exactly; undefined when the upstream gives only whole files. Nothing can be checked about a part.
   * @throws as {@link file}
   */
  filePart?(url: string, start: number, end: number, signal: AbortSignal): Promise<Readable | undefined>;
}
