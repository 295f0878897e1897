// What administrators decide about what is on the index.
import { z } from 'zod';
import { PROJECT_STATUSES } from '../core/simple-index.js';
import { type Connection, send, sendForJson } from './connection.js';

/** For people: installers print it. */
const reason = z
  .string()
  .trim()
  .min(1)
  .max(1000)
  .regex(/^\P{Cc}*$/u, 'a reason is one line of text');
/** Names of files, or versions for all files of these. */
const files = z.array(z.string().min(1).max(1000)).min(1).max(1000);

export const yankRequestSchema = z.strictObject({ files, reason: reason.optional() });
export const unyankRequestSchema = z.strictObject({ files });
export const deleteRequestSchema = z.strictObject({ files, reason });
export const statusRequestSchema = z.strictObject({ status: z.enum(PROJECT_STATUSES), reason: reason.optional() });

const namesSchema = z.object({ files: z.array(z.string()) });
const reservedSchema = z.object({ names: z.array(z.string()) });

/** @returns the names of the files. @throws WheelwrightError `not-found` when one names nothing there; none is yanked then */
export function yank(
  connection: Connection,
  project: string,
  json: z.infer<typeof yankRequestSchema>,
  signal?: AbortSignal,
): Promise<string[]> {
  return changeFiles(connection, `${projectPath(project)}/yank`, json, signal);
}

/** As {@link yank}. */
export function unyank(
  connection: Connection,
  project: string,
  json: z.infer<typeof unyankRequestSchema>,
  signal?: AbortSignal,
): Promise<string[]> {
  return changeFiles(connection, `${projectPath(project)}/unyank`, json, signal);
}

/** For good: the names are never used again. As {@link yank}. */
export function deleteFiles(
  connection: Connection,
  project: string,
  json: z.infer<typeof deleteRequestSchema>,
  signal?: AbortSignal,
): Promise<string[]> {
  return changeFiles(connection, `${projectPath(project)}/delete`, json, signal);
}

async function changeFiles(connection: Connection, path: string, json: object, signal?: AbortSignal) {
  return (await sendForJson(connection, 'POST', path, namesSchema, { json, signal })).files;
}

/** @throws WheelwrightError `not-found` for a project that has never had a file there */
export async function setStatus(
  connection: Connection,
  project: string,
  json: z.infer<typeof statusRequestSchema>,
  signal?: AbortSignal,
): Promise<void> {
  const response = await send(connection, 'PUT', `${projectPath(project)}/status`, { json, signal });
  await response.body.dump();
}

/** Sorted; those that end in `-` keep every name that begins so. */
export async function reservedNames(connection: Connection, signal?: AbortSignal): Promise<string[]> {
  return (await sendForJson(connection, 'GET', RESERVED, reservedSchema, { signal })).names;
}

/** @returns the name in its normalised form. @throws WheelwrightError `invalid` for what is no name */
export function reserve(connection: Connection, name: string, signal?: AbortSignal): Promise<string> {
  return changeReserved(connection, 'PUT', name, signal);
}

/** @throws WheelwrightError `not-found` when it is not reserved */
export function unreserve(connection: Connection, name: string, signal?: AbortSignal): Promise<string> {
  return changeReserved(connection, 'DELETE', name, signal);
}

const RESERVED = '/api/v1/reserved-names';

async function changeReserved(connection: Connection, method: 'PUT' | 'DELETE', name: string, signal?: AbortSignal) {
  const schema = z.object({ name: z.string() });
  return (await sendForJson(connection, method, `${RESERVED}/${encodeURIComponent(name)}`, schema, { signal })).name;
}

function projectPath(project: string): string {
  return `/api/v1/projects/${encodeURIComponent(project)}`;
}
