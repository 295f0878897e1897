// Workers that registered. Their heartbeats are in the leases of their attempts, so that a heartbeat writes one row.
import { type Selectable, sql } from 'kysely';
import { WheelwrightError } from '../../core/errors.js';
import type { Reservation, WorkerLoad } from '../../core/schedule.js';
import {
  SILENT_AFTER_MS,
  type WorkerRecord,
  type WorkerRef,
  type WorkerStore,
  workerState,
} from '../../core/worker.js';
import { parseWorkerFacts } from './columns.js';
import type { Database } from './database.js';
import { LIVE_SQL } from './fence.js';
import { prepared } from './prepared.js';
import type { AttemptsTable, WorkersTable } from './schema.js';

/** A claim writes when the worker was seen only where that was longer ago. */
const SEEN_GRAIN_MS = 5_000;
const KEPT_MS = 30 * 24 * 60 * 60_000;

type Asking = Pick<Selectable<WorkersTable>, 'facts_json' | 'draining' | 'last_seen'> & Nullable<Reserved>;

/** With a row for each of its attempts, or one without any. */
const asking = prepared<WorkerRef, Asking>((db, value) =>
  sql<Asking>`
    SELECT facts_json, draining, last_seen, worker, cpus, memory_bytes, disk_bytes, exclusive
      FROM workers LEFT JOIN attempts ON worker = name AND status IN ('leased', 'running')
     WHERE name = ${value('name')} AND session = ${value('session')} AND stopped_at IS NULL`.compile(db),
);

/** @param leaseMs what a heartbeat prolongs a lease by: a lease tells by its end when the worker was last heard of */
export function workerStore(db: Database, leaseMs: number): WorkerStore {
  return {
    register: (facts, now) =>
      db.transaction().execute(async (trx) => {
        const [present] = await recordsOf(trx, leaseMs, [facts.name]);
        if (present !== undefined && present.session !== facts.session) assertNameFree(present, now);
        await trx
          .deleteFrom('workers')
          .where('last_seen', '<', now - KEPT_MS)
          .execute();
        const row = {
          session: facts.session,
          facts_json: JSON.stringify(facts),
          registered_at: now,
          last_seen: now,
          stopped_at: null,
        };
        await trx
          .insertInto('workers')
          .values({ name: facts.name, ...row })
          .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
          .execute();
      }),

    async leave({ name, session }, now) {
      await db
        .updateTable('workers')
        .set({ stopped_at: now, last_seen: now })
        .where('name', '=', name)
        .where('session', '=', session)
        .execute();
    },

    async setDraining(name, draining) {
      const { numUpdatedRows } = await db
        .updateTable('workers')
        .set({ draining: draining ? 1 : 0 })
        .where('name', '=', name)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) {
        throw new WheelwrightError('not-found', `there is no worker ${JSON.stringify(name)}`, {
          hint: '`wheelwright worker list` shows those that registered.',
        });
      }
    },

    async workers(since) {
      const records = await recordsOf(db, leaseMs);
      return records.filter(({ lastSeen, running }) => lastSeen >= since || running.length > 0);
    },
  };
}

function assertNameFree(present: WorkerRecord, now: number): void {
  const state = workerState(present, now);
  if (state === 'stopped' || state === 'silent') return;
  const seconds = Math.round((now - present.lastSeen) / 1000);
  throw new WheelwrightError(
    'conflict',
    `another worker is at work under the name ${present.name}; it was heard of ${seconds} s ago`,
    {
      hint: `Give each worker a name of its own (WHEELWRIGHT_WORKER_NAME). If this is the same one, started again after a crash: the name is free once nothing was heard of the former for ${SILENT_AFTER_MS / 1000} s.`,
    },
  );
}

/**
 * The worker that asks for work, as it is now, and that it was seen.
 * @throws WheelwrightError `conflict` when that session is not the registered one
 */
export async function askingWorker(
  trx: Database,
  { name, session }: WorkerRef,
  now: number,
): Promise<WorkerLoad & { draining: boolean }> {
  const { rows } = await asking(trx, { name, session });
  const [row] = rows;
  if (row === undefined) {
    throw new WheelwrightError('conflict', `the worker ${name} is not registered, or another one is under its name`, {
      hint: 'Workers register when they start, and again when they are told this. One that cannot is of an older version: bring it to that of the api.',
    });
  }
  if (row.last_seen < now - SEEN_GRAIN_MS) {
    await trx.updateTable('workers').set({ last_seen: now }).where('name', '=', name).execute();
  }
  const running = rows.filter((attempt): attempt is typeof attempt & Reserved => attempt.worker !== null);
  return { ...parseWorkerFacts(row.facts_json), running: running.map(reservationOf), draining: row.draining === 1 };
}

/** All workers that are there and not drained. */
export async function loadFleet(trx: Database, leaseMs: number, now: number): Promise<WorkerLoad[]> {
  const [records, reserved] = [await recordsOf(trx, leaseMs), await liveReservations(trx)];
  return records
    .filter((record) => workerState(record, now) === 'active')
    .map((record) => ({
      ...record,
      running: reserved.filter(({ worker }) => worker === record.name).map(reservationOf),
    }));
}

function liveReservations(db: Database): Promise<Reserved[]> {
  return db
    .selectFrom('attempts')
    .select(['worker', 'cpus', 'memory_bytes', 'disk_bytes', 'exclusive'])
    .where('status', 'in', LIVE_SQL)
    .execute();
}

/** By name; all of them, or those of these names. */
async function recordsOf(db: Database, leaseMs: number, names?: readonly string[]): Promise<WorkerRecord[]> {
  let query = db.selectFrom('workers').selectAll().orderBy('name');
  if (names !== undefined) query = query.where('name', 'in', names);
  const rows = await query.execute();
  const live = await db
    .selectFrom('attempts')
    .innerJoin('builds', 'builds.id', 'attempts.build_id')
    .select(['attempts.id as attemptId', 'attempts.worker', 'attempts.lease_expires_at', 'attempts.started_at'])
    .select(['attempts.cpus', 'attempts.memory_bytes', 'attempts.disk_bytes'])
    .select(['builds.id as buildId', 'builds.project', 'builds.version'])
    .where('attempts.status', 'in', LIVE_SQL)
    .orderBy('attempts.started_at')
    .execute();
  return rows.map((row) =>
    recordOf(
      row,
      leaseMs,
      live.filter(({ worker }) => worker === row.name),
    ),
  );
}

function recordOf(
  row: Selectable<WorkersTable>,
  leaseMs: number,
  live: readonly (Omit<Reserved, 'exclusive'> & {
    attemptId: string;
    buildId: string;
    project: string;
    version: string;
    lease_expires_at: number;
  })[],
): WorkerRecord {
  return {
    ...parseWorkerFacts(row.facts_json),
    registeredAt: row.registered_at,
    lastSeen: Math.max(row.last_seen, ...live.map(({ lease_expires_at }) => lease_expires_at - leaseMs)),
    ...(row.stopped_at === null ? {} : { stoppedAt: row.stopped_at }),
    draining: row.draining === 1,
    running: live.map(({ attemptId, buildId, project, version, cpus, memory_bytes, disk_bytes }) => ({
      attemptId,
      buildId,
      project,
      version,
      cpus,
      memoryBytes: memory_bytes,
      diskBytes: disk_bytes,
    })),
  };
}

type Nullable<T> = { [Key in keyof T]: T[Key] | null };
type Reserved = Pick<Selectable<AttemptsTable>, 'worker' | 'cpus' | 'memory_bytes' | 'disk_bytes' | 'exclusive'>;

function reservationOf({ cpus, memory_bytes, disk_bytes, exclusive }: Reserved): Reservation {
  return { cpus, memoryBytes: memory_bytes, diskBytes: disk_bytes, exclusive: exclusive === 1 };
}
