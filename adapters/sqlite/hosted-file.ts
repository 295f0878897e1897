import type { Selectable } from 'kysely';
import type { FileRecord } from '../../core/store.js';
import type { FilesTable } from './schema.js';

/** What the index says of a file of this service; the index-server reads no more, and starts without what checks JSON columns. */
export type HostedFile = Omit<FileRecord, 'origin' | 'attemptId' | 'grafted' | 'needs' | 'cpu'>;

export function hostedFileOf(row: Selectable<FilesTable>): HostedFile {
  return {
    filename: row.filename,
    project: row.project,
    version: row.version,
    channel: row.channel,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    ...(row.metadata_sha256 === null ? {} : { metadataSha256: row.metadata_sha256 }),
    ...(row.requires_python === null ? {} : { requiresPython: row.requires_python }),
    uploadTime: row.upload_time,
    ...(row.yanked === 0 ? {} : { yanked: row.yanked_reason || true }),
    ...(row.provenance_sha256 === null ? {} : { provenanceSha256: row.provenance_sha256 }),
  };
}
