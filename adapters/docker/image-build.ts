import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { WheelwrightError } from '../../core/errors.js';
import { callEngine } from './engine-call.js';

export interface ImageBuild {
  /** The context with the Dockerfile in it, as a tar stream. */
  context: Readable;
  tag: string;
  labels: Readonly<Record<string, string>>;
  /** The stage of the Dockerfile to stop at; default: its last. */
  target?: string;
  buildArgs?: Readonly<Record<string, string>>;
}

/** A failed command of a Dockerfile is a value: whether a recipe or the infrastructure is to blame is for the caller to say. */
export type ImageBuildResult = { kind: 'built' } | { kind: 'failed'; log: string };

interface EngineMessage {
  stream?: string;
  status?: string;
  error?: string;
}

/**
 * Runs one build by the engine's classic builder (20.10 has no other) to its end, or until the signal aborts it.
 * @throws WheelwrightError `unavailable` when the engine cannot be reached, or its disk is full.
 */
export async function buildImage(docker: Docker, build: ImageBuild, outer: AbortSignal): Promise<ImageBuildResult> {
  const doing = `building the image ${build.tag}`;
  // A context that breaks off would leave the engine waiting for the rest of it.
  const broken = new AbortController();
  build.context.once('error', (error) => broken.abort(error));
  const signal = AbortSignal.any([outer, broken.signal]);
  const options: Docker.ImageBuildOptions = {
    t: build.tag,
    labels: { ...build.labels },
    buildargs: { ...build.buildArgs },
    rm: true,
    forcerm: true,
    // Only our own tools run here. The host's network reaches a mirror or index on this very machine, and needs no bridge.
    networkmode: 'host',
    abortSignal: signal,
  };
  if (build.target !== undefined) options.target = build.target;
  const { log, error } = await callEngine(doing, signal, async () =>
    readMessages((await docker.buildImage(build.context, options)) as Readable),
  ).finally(() => build.context.destroy()); // whoever packs it would wait for an engine that takes no more
  if (error === undefined) return { kind: 'built' };
  if (/no space left on device/i.test(log)) {
    throw new WheelwrightError('unavailable', `the disk of the container engine is full (${doing})`, {
      hint: 'Free space where the engine keeps its images; `docker system df` shows what takes it.',
    });
  }
  return { kind: 'failed', log };
}

/**
 * Reads the engine's stream of JSON lines (import, pull, build) to its end; `log` is what the commands printed, `status`
 * the last state reported (of an import: the new image's id).
 * Rejects when the engine goes away in the middle, which node:readline would take for the end.
 */
export async function readMessages(
  output: Readable,
): Promise<{ log: string; error: string | undefined; status: string | undefined }> {
  let log = '';
  let status: string | undefined;
  let error: string | undefined;
  let rest = '';
  for await (const chunk of output.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter((text) => text.trim() !== '')) {
      const message = JSON.parse(line) as EngineMessage;
      log += message.stream ?? '';
      status = message.status ?? status;
      if (message.error !== undefined) {
        error = message.error;
        log += `${message.error}\n`;
      }
    }
  }
  return { log: stripColours(log), error, status };
}

/** The classic builder paints what a command writes to stderr red. */
function stripColours(text: string): string {
  return text.replaceAll(/\u001b\[\d*(;\d+)*m/g, '');
}
