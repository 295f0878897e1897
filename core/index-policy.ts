// What the index offers of what it could offer. One decision, taken here for pages, files, metadata and provenance alike.
import { z } from 'zod';
import { distributionKind, distributionVersion } from './distribution.js';
import { WheelwrightError } from './errors.js';
import type { IndexFile } from './simple-index.js';
import { isSpecifierSet, isVersion, satisfiesSpecifiers } from './version.js';

/** A project name, or the beginning of one followed by `*`; normalised. */
const pattern = z.string().regex(/^(\*|[a-z0-9]([a-z0-9-]*[a-z0-9])?|[a-z0-9][a-z0-9-]*\*)$/, {
  error: 'a pattern is a normalised project name ("numpy"), a beginning ("acme-*") or "*"',
});
const patterns = z.array(pattern).min(1);
const versions = z
  .string()
  .refine((text) => isSpecifierSet(text), { error: 'versions are PEP 440 specifiers, e.g. ">=2,<3"' });

const host = z.string().regex(/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/, {
  error: 'a host is a name in lower case, without https:// and without a port ("files.team.example")',
});

const ruleSchema = z.strictObject({
  projects: patterns,
  access: z.enum(['allow', 'deny']).optional(),
  'wheels-only': z.boolean().optional(),
  'cooldown-days': z.number().min(0).max(3650).optional(),
  versions: versions.optional(),
  reason: z.string().optional(),
});

const upstreamSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  /** Absent: the upstream of WHEELWRIGHT_UPSTREAM, or what pip itself would use. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  projects: patterns.default(['*']),
  /** Hosts that files may be on besides the upstream's own; absent: any public host. */
  'file-hosts': z.array(host).optional(),
});

/** The policy file. Rules that match a project are merged in order: a later one replaces single keys of an earlier one. */
const indexPolicySchema = z.strictObject({
  upstreams: z
    .array(upstreamSchema)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
      error: 'two upstreams have the same name, by which the cache and `index explain` tell them apart',
    })
    .default([{ name: 'default', projects: ['*'] }]),
  rules: z.array(ruleSchema).default([]),
});
export type IndexPolicy = z.infer<typeof indexPolicySchema>;
export type UpstreamSettings = IndexPolicy['upstreams'][number];

/** The rules for one project, merged. */
export interface ProjectRules {
  access: 'allow' | 'deny';
  wheelsOnly: boolean;
  cooldownDays: number;
  versions?: string;
  reason?: string;
}

/** @throws WheelwrightError `invalid` with every fault of a policy document (the parsed YAML). */
export function parseIndexPolicy(document: unknown, source: string): IndexPolicy {
  const parsed = indexPolicySchema.safeParse(document ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new WheelwrightError(
    'invalid',
    `${source}: ${faults.map(({ path, message }) => `${path}: ${message}`).join('; ')}`,
    {
      hint: 'docs/index.md lists the keys of the policy file.',
      faults,
    },
  );
}

export function rulesFor(policy: IndexPolicy, project: string): ProjectRules {
  const rules: ProjectRules = { access: 'allow', wheelsOnly: true, cooldownDays: 0 };
  for (const rule of policy.rules) {
    if (!matchesAny(rule.projects, project)) continue;
    if (rule.access !== undefined) rules.access = rule.access;
    if (rule['wheels-only'] !== undefined) rules.wheelsOnly = rule['wheels-only'];
    if (rule['cooldown-days'] !== undefined) rules.cooldownDays = rule['cooldown-days'];
    if (rule.versions !== undefined) rules.versions = rule.versions;
    if (rule.reason !== undefined) rules.reason = rule.reason;
  }
  return rules;
}

/** The upstreams to ask for a project, in order. */
export function upstreamsFor(policy: IndexPolicy, project: string): readonly UpstreamSettings[] {
  return policy.upstreams.filter((upstream) => matchesAny(upstream.projects, project));
}

function matchesAny(all: readonly string[], project: string): boolean {
  return all.some((each) => (each.endsWith('*') ? project.startsWith(each.slice(0, -1)) : each === project));
}

/** Whether a name is kept for this organisation: exactly, or by a prefix that ends in `-` (PEP 752). */
export function isReserved(reserved: readonly string[], project: string): boolean {
  return reserved.some((name) => (name.endsWith('-') ? project.startsWith(name) : name === project));
}

/** What a decision rests on; of a file of this service name and version are enough. */
type DecidedFile = Pick<IndexFile, 'filename' | 'version' | 'uploadTime'> & Partial<Pick<IndexFile, 'hashes'>>;

export type FileDecision = { offered: true } | { offered: false; reason: string; until?: number };

const DAY_MS = 24 * 60 * 60_000;

/**
 * Whether one file is offered.
 * @param origin `here`: built or uploaded on this service; the cooldown is not for these.
 * @param now milliseconds since the epoch. `until` of the answer: when it changes by itself.
 */
export function decideFile(
  file: DecidedFile,
  project: string,
  origin: 'here' | 'upstream',
  rules: ProjectRules,
  now: number,
): FileDecision {
  const kind = distributionKind(file.filename);
  const version = file.version ?? distributionVersion(file.filename, project);
  if (kind === undefined || version === undefined) {
    return withheld(`it is neither a wheel nor an sdist of ${project}`);
  }
  if (rules.wheelsOnly && kind === 'sdist') {
    return withheld('it is an sdist, and the policy is wheels only: pip would compile it');
  }
  if (rules.versions !== undefined && !inRange(version, rules.versions)) {
    return withheld(`version ${version} is outside the pinned ${rules.versions}${because(rules)}`);
  }
  if (origin === 'here') return { offered: true };
  if (!/^[0-9a-f]{64}$/.test(file.hashes?.sha256 ?? '')) return withheld('the upstream gives no sha256 for it');
  if (rules.cooldownDays > 0) return coolDown(file, rules, now);
  return { offered: true };
}

function coolDown(file: DecidedFile, rules: ProjectRules, now: number): FileDecision {
  const uploaded = file.uploadTime === undefined ? Number.NaN : Date.parse(file.uploadTime);
  if (Number.isNaN(uploaded)) {
    return withheld(`the upstream does not say when it was uploaded, and the cooldown is ${rules.cooldownDays} days`);
  }
  const until = uploaded + rules.cooldownDays * DAY_MS;
  if (until <= now) return { offered: true };
  return {
    offered: false,
    until,
    reason: `it was uploaded on ${file.uploadTime}, and the cooldown of ${rules.cooldownDays} days ends on ${new Date(until).toISOString()}`,
  };
}

function inRange(version: string, range: string): boolean {
  return isVersion(version) && satisfiesSpecifiers(version, range, { prereleases: true });
}

function withheld(reason: string): FileDecision {
  return { offered: false, reason };
}

function because(rules: ProjectRules): string {
  return rules.reason === undefined ? '' : ` (${rules.reason})`;
}
