// The simple repository API: PEP 503, 629, 691, 700, 714, 740, 792; version 1.4.
// https://packaging.python.org/en/latest/specifications/simple-repository-api/

export const PROJECT_STATUSES = ['active', 'archived', 'quarantined', 'deprecated'] as const;
export type ProjectStatus = (typeof PROJECT_STATUSES)[number];

/** One file of a project page. Absent keys were not said by the index; they are never null. */
export interface IndexFile {
  filename: string;
  /** Absolute on a page read from an upstream. */
  url: string;
  /** Hex digests by algorithm name. */
  hashes: Readonly<Record<string, string>>;
  sizeBytes?: number;
  /** ISO 8601 UTC, `yyyy-mm-ddThh:mm:ss[.ffffff]Z`. */
  uploadTime?: string;
  requiresPython?: string;
  /** A reason, or true where none was given. */
  yanked?: true | string;
  /** True, or hashes of the `.metadata` file beside it. */
  coreMetadata?: true | Readonly<Record<string, string>>;
  provenanceUrl?: string;
  /** Where it is known better than from the file name. */
  version?: string;
}

export interface ProjectPage {
  /** Normalised. */
  name: string;
  files: readonly IndexFile[];
  status?: ProjectStatus;
  statusReason?: string;
  /** Files were left out by the policy of this index: why, of all or of the first of them. */
  keptBack?: string;
}
