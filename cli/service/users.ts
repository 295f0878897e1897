// Who uses a service that a command started for itself. Whoever leaves it last ends it; who leaves before hands it on.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '../../core/settings.js';
import { readServiceNote, runsWheelwright, type ServiceNote, writeServiceNote } from './address.js';

/** To be called before the service is looked for: whoever leaves it then sees its new user. */
export async function registerUser(settings: Settings): Promise<void> {
  await mkdir(folderOf(settings), { recursive: true });
  await writeFile(ownFile(settings), '');
}

/**
 * Takes this process off the users, and hands the service on where it is this process's to end.
 * @returns the note of a service that this process must end now, since nobody else uses it; others wait until it has
 */
export async function leaveService(settings: Settings): Promise<ServiceNote | undefined> {
  // First: whoever hands the service on to this process looks afterwards whether it is still there.
  await rm(ownFile(settings), { force: true });
  for (;;) {
    const note = await readServiceNote(settings);
    if (note === undefined || !note.temporary) return undefined;
    const { supervisor } = note;
    if (supervisor !== process.pid && (await runsWheelwright(supervisor))) return undefined;
    await writeServiceNote(settings, { ...note, supervisor: process.pid, ending: true });
    const [heir] = await otherUsers(settings);
    if (heir === undefined) return note;
    await writeServiceNote(settings, { ...note, supervisor: heir, ending: false });
    if ((await otherUsers(settings)).includes(heir)) return undefined;
    await writeServiceNote(settings, { ...note, supervisor: process.pid });
  }
}

async function otherUsers(settings: Settings): Promise<number[]> {
  const users: number[] = [];
  for (const name of await readdir(folderOf(settings)).catch(() => [])) {
    const pid = Number(name);
    if (pid === process.pid) continue;
    if (await runsWheelwright(pid)) users.push(pid);
    else await rm(path.join(folderOf(settings), name), { force: true });
  }
  return users;
}

function folderOf(settings: Settings): string {
  return path.join(settings.WHEELWRIGHT_DATA, 'service-users');
}

function ownFile(settings: Settings): string {
  return path.join(folderOf(settings), String(process.pid));
}
