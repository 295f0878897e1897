// Where the service of a data folder is found. `up` leaves a note there, so that other commands find it on whatever ports it got.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fetch } from 'undici';
import { z } from 'zod';
import { readToken } from '../../adapters/disk/token-file.js';
import { apiUrl, indexUrl, type Settings } from '../../core/settings.js';
import { PROGRAMS } from '../cli.js';

export interface ServiceAddress {
  apiUrl: string;
  indexUrl: string;
  /** It ends with the last command that uses it. */
  temporary?: boolean;
}

const noteSchema = z.object({
  apiUrl: z.string(),
  indexUrl: z.string(),
  /** The process that started the programs and will stop them. */
  supervisor: z.int(),
  programs: z.array(z.int()),
  /** Started by a command for itself, and ended by the last command that uses it. */
  temporary: z.boolean().default(false),
  /** The supervisor is ending it: whoever wants one waits until it is gone. */
  ending: z.boolean().default(false),
});
export type ServiceNote = z.infer<typeof noteSchema>;

const PROBE_MS = 1000;
const ENDING_PAUSE_MS = 50;

/** The running service of these settings: the one named, the one noted in the data folder, or one on the usual port; undefined when none runs. */
export async function findService(settings: Settings): Promise<ServiceAddress | undefined> {
  const usual = { apiUrl: apiUrl(settings), indexUrl: indexUrl(settings) };
  if (settings.WHEELWRIGHT_API_URL !== undefined) return usual;
  const note = await settledNote(settings);
  if (note !== undefined && !note.ending && (await runsWheelwright(note.supervisor))) return note;
  // Without a token of this data folder it is somebody else's service, and would refuse us.
  if ((await readToken(settings)) === undefined) return undefined;
  return (await answers(usual.apiUrl)) ? usual : undefined;
}

export async function readServiceNote(settings: Settings): Promise<ServiceNote | undefined> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(notePath(settings), 'utf8')));
  } catch {
    // Absent, or half written by something that died: then there is no service to find by it.
    return undefined;
  }
}

/** The note once nobody is ending the service that it names, or whoever was has gone. */
export async function settledNote(settings: Settings): Promise<ServiceNote | undefined> {
  for (;;) {
    const note = await readServiceNote(settings);
    if (!note?.ending || !(await runsWheelwright(note.supervisor))) return note;
    await sleep(ENDING_PAUSE_MS);
  }
}

export async function writeServiceNote(settings: Settings, note: ServiceNote): Promise<void> {
  const temporary = `${notePath(settings)}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(note));
  await rename(temporary, notePath(settings));
}

export async function removeServiceNote(settings: Settings): Promise<void> {
  await rm(notePath(settings), { force: true });
}

/** Whether that process is one of ours: numbers of processes are used again, so the number alone says nothing. */
export async function runsWheelwright(pid: number): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes(PROGRAMS);
  } catch {
    return false;
  }
}

/** Whether something answers there as a ready service does. */
export async function answers(url: string, probe = '/healthz'): Promise<boolean> {
  try {
    const response = await fetch(`${url}${probe}`, { signal: AbortSignal.timeout(PROBE_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function notePath(settings: Settings): string {
  return path.join(settings.WHEELWRIGHT_DATA, 'service.json');
}
