// The worker's side of the API. Every write carries the lease's token; a stale one is refused with `conflict`.
import type { Readable } from 'node:stream';
import type { AttemptEnding, AttemptOutcome, AttemptProgress, Lease } from '../core/attempt.js';
import type { Phase } from '../core/phase.js';
import { WORKER_PROTOCOL, type WorkerFacts, type WorkerRef } from '../core/worker.js';
import { type Connection, openConnection, send, sendForJson } from './connection.js';
import {
  artifactStoredSchema,
  endedSchema,
  heartbeatSchema,
  LEASE_HEADER,
  leaseSchema,
  logAppendedSchema,
} from './contract.js';

export interface WorkerApi {
  readonly connection: Connection;
  /** Lets the api know of the worker. @throws WheelwrightError `conflict` when the name is taken, or the api is of a version that cannot work with this one */
  register(facts: WorkerFacts, signal: AbortSignal): Promise<void>;
  /** Says that it takes no more, and that its name is free. */
  leave(worker: WorkerRef, signal: AbortSignal): Promise<void>;
  /** Waits up to `waitMs` for an attempt to make; undefined when there is none. @throws WheelwrightError `conflict` when it must register (again) */
  claim(worker: WorkerRef, waitMs: number, signal: AbortSignal): Promise<Lease | undefined>;
  heartbeat(lease: Lease, signal: AbortSignal): Promise<{ cancelRequested: boolean }>;
  startPhase(lease: Lease, phase: Phase, signal: AbortSignal): Promise<void>;
  /** Appends whole lines, the first of which has this 1-based number; returns the number of the next one. */
  appendLog(lease: Lease, firstLine: number, text: string, signal: AbortSignal): Promise<number>;
  /** Appends lines as appendLog does, with the phases that began among them and what was taken in; the same again is a no-op. */
  progress(lease: Lease, progress: AttemptProgress, signal: AbortSignal): Promise<number>;
  /** Streams a wheel up; the API answers with what it stored. */
  putArtifact(
    lease: Lease,
    filename: string,
    bytes: Readable,
    sizeBytes: number,
    signal: AbortSignal,
  ): Promise<{ sha256: string; sizeBytes: number }>;
  /** Ends the attempt; the same outcome again is a no-op. */
  finish(lease: Lease, outcome: AttemptOutcome, signal: AbortSignal): Promise<void>;
  /** Ends the attempt with all that is left to tell, where the lease says that the api takes this; gives the next attempt if one was asked for and there is one. */
  end(lease: Lease, ending: AttemptEnding, signal: AbortSignal): Promise<Lease | undefined>;
  close(): Promise<void>;
}

/** @throws WheelwrightError `invalid` when the URL is none; calls throw what the API's problem documents say. */
export function openWorkerApi(options: { url: string; token?: string | undefined }): WorkerApi {
  const connection = openConnection(options.url, options.token);
  const path = (lease: Lease, what: string) => `/api/v1/attempts/${encodeURIComponent(lease.attemptId)}/${what}`;
  const fenced = (lease: Lease) => ({ [LEASE_HEADER]: lease.token });
  const post = async (lease: Lease, what: string, json: unknown, signal: AbortSignal) => {
    const response = await send(connection, 'POST', path(lease, what), { json, headers: fenced(lease), signal });
    await response.body.dump();
  };
  return {
    connection,
    close: () => connection.close(),
    async register(facts, signal) {
      const json = { protocol: WORKER_PROTOCOL.newest, ...facts };
      const response = await send(connection, 'POST', '/api/v1/worker/registration', { json, signal });
      await response.body.dump();
    },
    async leave({ name, session }, signal) {
      const response = await send(connection, 'POST', '/api/v1/worker/leave', {
        json: { worker: name, session },
        signal,
      });
      await response.body.dump();
    },
    async claim({ name, session }, waitMs, signal) {
      const json = { worker: name, session, waitMs };
      const response = await send(connection, 'POST', '/api/v1/worker/claims', { json, signal });
      if (response.statusCode !== 204) return leaseSchema.parse(await response.body.json()) as Lease;
      await response.body.dump();
      return undefined;
    },
    heartbeat: (lease, signal) =>
      sendForJson(connection, 'POST', path(lease, 'heartbeat'), heartbeatSchema, { headers: fenced(lease), signal }),
    startPhase: (lease, phase, signal) => post(lease, 'phase', { phase }, signal),
    async appendLog(lease, firstLine, text, signal) {
      const { nextLine } = await sendForJson(connection, 'POST', path(lease, 'log'), logAppendedSchema, {
        query: { from: String(firstLine) },
        body: text,
        headers: { ...fenced(lease), 'content-type': 'text/plain; charset=utf-8' },
        signal,
      });
      return nextLine;
    },
    async progress(lease, json, signal) {
      const call = { json, headers: fenced(lease), signal };
      return (await sendForJson(connection, 'POST', path(lease, 'progress'), logAppendedSchema, call)).nextLine;
    },
    async putArtifact(lease, filename, bytes, sizeBytes, signal) {
      const headers = {
        ...fenced(lease),
        'content-type': 'application/octet-stream',
        'content-length': String(sizeBytes),
      };
      const to = path(lease, `artifacts/${encodeURIComponent(filename)}`);
      return sendForJson(connection, 'PUT', to, artifactStoredSchema, { body: bytes, headers, signal });
    },
    async finish(lease, json, signal) {
      const headers = { ...fenced(lease), prefer: 'return=minimal' };
      const response = await send(connection, 'POST', path(lease, 'finish'), { json, headers, signal });
      await response.body.dump();
    },
    async end(lease, json, signal) {
      const call = { json, headers: fenced(lease), signal };
      return (await sendForJson(connection, 'POST', path(lease, 'end'), endedSchema, call)).next as Lease | undefined;
    },
  };
}
