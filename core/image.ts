// The form of images/<name>/image.yaml, and what identifies an image. docs/images.md explains it to people.
import { z } from 'zod';
import type { Target } from './build.js';
import { digestOf } from './digest.js';

/** Debian policy 5.6.1. Not a trailing `-`, by which apt-get would understand a removal. */
const DEBIAN_PACKAGE = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/;
const RPM_PACKAGE = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

const packageNames = () => z.array(z.string().regex(RPM_PACKAGE, 'not a package name')).default([]);

const interpreterSchema = z.strictObject({
  version: z.string().regex(/^\d+\.\d+\.\d+[a-z0-9]*$/, 'a full version such as 3.13.5'),
  tag: z.string().regex(/^cp3\d+$/, 'a tag such as cp313'),
  source: z
    .strictObject({
      debian: z.strictObject({
        suite: z.string().regex(/^[a-z][a-z-]*$/),
        package: z.string().regex(DEBIAN_PACKAGE),
      }),
      filename: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+~_-]*\.tar\.[a-z0-9]+$/),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    })
    .optional(),
});

export const imageSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/),
    /** The folder in images/families/ that holds the Dockerfile. */
    family: z.enum(['debian', 'manylinux']),
    policy: z.string().regex(/^(manylinux|musllinux)_\d+_\d+$/),
    architecture: z.enum(['x86_64', 'aarch64']),
    base: z.union([
      z.strictObject({
        reference: z.string().regex(/^[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}$/, 'name@sha256:<digest>'),
      }),
      z.strictObject({ debootstrap: z.strictObject({ suite: z.string().regex(/^[a-z][a-z-]*$/) }) }),
    ]),
    'security-until': z.iso.date(),
    packages: z.strictObject({ runtime: packageNames(), builder: packageNames(), interpreter: packageNames() }),
    interpreters: z.array(interpreterSchema).min(1),
  })
  .superRefine((image, context) => {
    const problem = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    const tags = image.interpreters.map((interpreter) => interpreter.tag);
    image.interpreters.forEach(({ tag, version, source }, index) => {
      const at = ['interpreters', index];
      if (tags.indexOf(tag) !== index) problem([...at, 'tag'], `${tag} appears twice`);
      if (tag !== tagOf(version)) problem([...at, 'tag'], `CPython ${version} has the tag ${tagOf(version)}`);
      if (image.family === 'debian' && !source) problem(at, 'needs a source: this family compiles its interpreters');
      if (image.family === 'manylinux' && source) problem([...at, 'source'], 'the image brings its own interpreters');
    });
    if (image.family === 'manylinux' && !('reference' in image.base)) {
      problem(['base'], 'a manylinux image has a reference pinned by digest');
    }
  });

export type ImageDefinition = z.infer<typeof imageSchema>;
export type Interpreter = ImageDefinition['interpreters'][number];

/** A definition with what decides the image besides image.yaml. */
export interface LoadedImage {
  definition: ImageDefinition;
  /** Sha256 of each file of its family (Dockerfile, scripts, lock file), by path relative to the family's folder. */
  files: Readonly<Record<string, string>>;
}

/** Digests of an image's steps: each covers all that the step depends on, so an equal digest means nothing to do. */
export interface ImageDigests {
  base: string;
  /** Identifies one interpreter's builder and its clean twin. */
  target: string;
}

/**
 * The identity of a builder and its clean twin. It covers one interpreter only, so another one added to image.yaml changes nothing
 * for those that exist; neither does what is only said about an image (`security-until`). The site's mirror and CA bundle do not count.
 */
export function imageDigests({ definition, files }: LoadedImage, interpreter: Interpreter): ImageDigests {
  const { name, family, policy, architecture, packages } = definition;
  const base = digestOf({ name, base: definition.base, architecture, bootstrap: files.bootstrap });
  return { base, target: digestOf({ base, family, policy, packages, interpreter, files }) };
}

/** Every target that the image offers, in the order of its interpreters. */
export function targetsOf(image: LoadedImage): Target[] {
  return image.definition.interpreters.map((interpreter) => ({
    policy: image.definition.policy,
    arch: image.definition.architecture,
    python: interpreter.tag,
    image: image.definition.name,
    builderDigest: imageDigests(image, interpreter).target,
  }));
}

/** What to tell people about a base that no longer gets fixes, since wheels vendor its libraries; `today` as YYYY-MM-DD. */
export function securityWarning(definition: ImageDefinition, today: string): string | undefined {
  const until = definition['security-until'];
  if (today <= until) return undefined;
  return `${definition.name} has had no security fixes since ${until}; wheels built on it vendor its libraries as they are`;
}

export function isDebianPackageName(name: string): boolean {
  return DEBIAN_PACKAGE.test(name);
}

export function isRpmPackageName(name: string): boolean {
  return RPM_PACKAGE.test(name);
}

function tagOf(version: string): string {
  const [major, minor] = version.split('.');
  return `cp${major}${minor}`;
}
