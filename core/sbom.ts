// Lists of what a wheel is made of, as tools leave them in it: auditwheel of the libraries that it grafts, maturin of the crates that it links.
// PEP 770, the folder <name>.dist-info/sboms/: https://peps.python.org/pep-0770/
// CycloneDX JSON: https://cyclonedx.org/docs/1.6/json/ · SPDX JSON 2: https://spdx.github.io/spdx-spec/v2.3/
import { z } from 'zod';

export interface SbomComponent {
  name: string;
  version?: string;
  /** Package URL, e.g. `pkg:deb/debian/libpq5@13.22-0+deb11u1`. */
  purl?: string;
}

export interface Sbom {
  format: 'CycloneDX' | 'SPDX' | 'unknown';
  /** What is in the wheel; the wheel itself is not among them. Empty for an unknown format. */
  components: SbomComponent[];
}

const componentSchema = z.object({
  name: z.string(),
  version: z.string().exactOptional(),
  purl: z.string().exactOptional(),
});
const cycloneDxSchema = z.object({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.object({ component: componentSchema.optional() }).optional(),
  components: z.array(componentSchema).default([]),
});
const spdxSchema = z.object({
  spdxVersion: z.string().startsWith('SPDX-2'),
  packages: z
    .array(
      z.object({
        name: z.string(),
        versionInfo: z.string().optional(),
        externalRefs: z.array(z.object({ referenceType: z.string(), referenceLocator: z.string() })).default([]),
      }),
    )
    .default([]),
});

/** Reads a list in any form; one that cannot be read has the format `unknown`. */
export function readSbom(text: string): Sbom {
  const json = parseJson(text);
  const cycloneDx = cycloneDxSchema.safeParse(json);
  if (cycloneDx.success) {
    const { metadata, components } = cycloneDx.data;
    const others = components.filter((each) => nameOf(each) !== (metadata?.component && nameOf(metadata.component)));
    return { format: 'CycloneDX', components: distinct(others) };
  }
  const spdx = spdxSchema.safeParse(json);
  if (spdx.success) return { format: 'SPDX', components: distinct(spdx.data.packages.map(spdxComponent)) };
  return { format: 'unknown', components: [] };
}

/** A package that brought several libraries stands in the list once for each. */
function distinct(components: readonly SbomComponent[]): SbomComponent[] {
  return [...new Map(components.map((each) => [nameOf(each), each])).values()];
}

function nameOf({ name, version, purl }: SbomComponent): string {
  return purl ?? `${name} ${version}`;
}

function spdxComponent({ name, versionInfo, externalRefs }: z.infer<typeof spdxSchema>['packages'][number]) {
  const purl = externalRefs.find(({ referenceType }) => referenceType === 'purl')?.referenceLocator;
  return { name, ...(versionInfo && { version: versionInfo }), ...(purl && { purl }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
