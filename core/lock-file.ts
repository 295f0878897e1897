import { z } from 'zod';
import { WheelwrightError } from './errors.js';
import { type MarkerTarget, markerApplies } from './marker.js';
import { parseRequirement, type Requirement } from './requirement.js';

export interface SkippedEntry {
  /** As it stands in the file. */
  text: string;
  reason: string;
}

export interface LockedRequirements {
  requirements: Requirement[];
  skipped: SkippedEntry[];
}

const pylockSchema = z.object({
  packages: z
    .array(
      z.object({
        name: z.string(),
        version: z.string().optional(),
        marker: z.string().optional(),
        vcs: z.unknown().optional(),
        directory: z.unknown().optional(),
        archive: z.unknown().optional(),
      }),
    )
    .default([]),
});

/** Packages of a pylock.toml (PEP 751) that the target installs. @throws WheelwrightError `invalid` */
export function readPylock(toml: unknown, target: MarkerTarget): LockedRequirements {
  const { packages } = read(pylockSchema, toml, 'pylock.toml');
  const wanted = packages.filter(({ marker }) => markerText(marker, target));
  const fromIndex = wanted.filter(
    (each) => each.version !== undefined && !each.vcs && !each.directory && !each.archive,
  );
  return {
    requirements: fromIndex.map(({ name, version }) => pinned(name, version ?? '')),
    skipped: wanted
      .filter((each) => !fromIndex.includes(each))
      .map(({ name }) => ({
        text: name,
        reason: 'it comes from a folder, an archive or a repository, not from an index',
      })),
  };
}

const dependency = z.object({
  name: z.string(),
  version: z.string().optional(),
  marker: z.string().optional(),
  extra: z.array(z.string()).default([]),
});
type Dependency = z.infer<typeof dependency>;

const uvLockSchema = z.object({
  package: z.array(
    z.object({
      name: z.string(),
      version: z.string().optional(),
      source: z.record(z.string(), z.unknown()).default({}),
      dependencies: z.array(dependency).default([]),
      'optional-dependencies': z.record(z.string(), z.array(dependency)).default({}),
    }),
  ),
});
type UvPackage = z.infer<typeof uvLockSchema>['package'][number];

/**
 * Packages of a uv.lock that the target installs: what the projects of the workspace reach, without their development groups.
 * @throws WheelwrightError `invalid`
 */
export function readUvLock(toml: unknown, target: MarkerTarget): LockedRequirements {
  const { package: packages } = read(uvLockSchema, toml, 'uv.lock');
  const roots = packages.filter(({ source }) => 'virtual' in source || 'editable' in source || 'directory' in source);
  const reached = new Set<UvPackage>(roots.length === 0 ? packages : []);
  const queue: { owner: UvPackage; needs: readonly Dependency[] }[] = roots.map((owner) => ({
    owner,
    needs: owner.dependencies,
  }));
  const followed = new Set<string>();
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const need of next.needs) {
      if (!markerText(need.marker, target)) continue;
      const found = packages.filter(({ name, version }) => name === need.name && (need.version ?? version) === version);
      for (const each of found) {
        reached.add(each);
        for (const extra of ['', ...need.extra]) {
          const key = `${each.name} ${each.version} ${extra}`;
          if (followed.has(key)) continue;
          followed.add(key);
          queue.push({
            owner: each,
            needs: extra === '' ? each.dependencies : (each['optional-dependencies'][extra] ?? []),
          });
        }
      }
    }
  }
  const elsewhere = (each: UvPackage) => !('registry' in each.source) || each.version === undefined;
  const others = [...reached].filter((each) => !roots.includes(each));
  return {
    requirements: others.filter((each) => !elsewhere(each)).map(({ name, version }) => pinned(name, version ?? '')),
    skipped: others.filter(elsewhere).map(({ name }) => ({
      text: name,
      reason: 'it comes from a folder, an archive or a repository, not from an index',
    })),
  };
}

function read<T>(schema: z.ZodType<T>, toml: unknown, name: string): T {
  const parsed = schema.safeParse(toml);
  if (parsed.success) return parsed.data;
  throw new WheelwrightError(
    'invalid',
    `the ${name} has another form than is known: ${parsed.error.issues[0]?.message}`,
    {
      hint: 'Make it again with a current tool.',
      cause: parsed.error,
    },
  );
}

function pinned(name: string, version: string): Requirement {
  return parseRequirement(`${name}==${version}`);
}

/** Whether a marker holds. One that cannot be read, such as one on dependency groups, excludes nothing. */
function markerText(text: string | undefined, target: MarkerTarget): boolean {
  if (text === undefined) return true;
  try {
    const { marker } = parseRequirement(`x ; ${text}`);
    return marker === undefined || markerApplies(marker, target);
  } catch {
    return true;
  }
}
