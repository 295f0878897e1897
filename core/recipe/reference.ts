import { recipeJsonSchema, type SchemaNode } from './keys.js';

const INTRODUCTION = `# Recipes

A recipe says what one project needs beyond a bare build. It is a YAML file named after the normalised project name, \`recipes/<project>.yaml\`; \`wheelwright build --recipe FILE\`
takes one from anywhere. This page is generated from the schema in core/recipe/recipe.ts.

\`\`\`yaml
project: pyyaml
versions: ">=5.4"
system: { apt: [libyaml-dev], dnf: [libyaml-devel] }
environment: { PYYAML_FORCE_LIBYAML: "1" }
overrides:
  - { when: { versions: "<6.0.1" }, requires: { constraints: ["cython<3"] } }
test: { imports: [yaml, yaml._yaml] }
\`\`\`

\`wheelwright recipe lint FILE\` gives every fault at once, with line and column; unknown keys, anchors and aliases are faults.
\`wheelwright recipe show PROJECT==VERSION --python cp313\` prints what finally applies and which line gave it: of the recipe approved in the running service, else of the catalogue.

\`wheelwright import packages.ini --into FOLDER\` makes recipes from a file with sections \`[name==version]\`: one for each project, what all its versions share said once, the rest as overrides. What a
recipe cannot say is listed with why. A recipe that is there already is left as it is, and the exit code is then 1.

## How overrides are merged

Where all of \`when\` is true (\`versions\` and \`python\` are PEP 440 specifiers, \`policy\` a name), the override is merged over what stands so far, in the order of the file:
maps key by key; lists by adding what is not there yet, and in lists of requirements (\`constraints\`, \`additions\`, \`test.requires\`) a later entry about the same project replaces
the earlier; anything else by taking the later value. \`python\` speaks of a series: \`<=3.12\` includes every 3.12.

## A library that is newer than the distribution's

A source with \`install\` is built first, without a network, and kept as an image: the next build with the same source and script does not build it again.

\`\`\`yaml
sources:
  - debian: { suite: trixie, package: libyaml, filename: libyaml_0.2.5.orig.tar.gz } # or url
    sha256: fa240dbf262be053f3898006d502d514936c818e422afdcf33921c63bed9bf2e
    install: ./bootstrap && ./configure --prefix="$PREFIX" --disable-static && make && make install
\`\`\`

Compilers, pkg-config, CMake and auditwheel look under \`$PREFIX\` before they look at the system. Name the \`-dev\` packages that the library itself needs as \`system\`, and a CMake or meson that
is newer than the image's as \`requires.additions\`. \`build --solve\` drafts such a source where a library of the base is too old.

## Wheels that share a library

Two wheels that are loaded into one process and hold one library each, as lxml and xmlsec hold libxml2, crash unless both hold the same file of it. \`depends: [lxml]\` in the recipe of xmlsec has lxml built
here first, builds xmlsec in an image made from lxml's, refuses it where the libraries still differ, and tests both together, each imported first once. Where they are installed, both must come from here:
a rule of the index such as \`{ projects: [lxml], versions: "==6.0.2" }\` keeps pip from taking a newer lxml of the upstream's.

## Keys
`;

/** The text of docs/recipes.md. */
export function renderRecipeReference(): string {
  const schema = recipeJsonSchema();
  const table = renderTable([['key', 'value', 'meaning'], ...rowsOf(schema, '')]);
  return `${INTRODUCTION}\n${table}\n\nAn override may hold every key from \`${firstSetting(schema)}\` on, down to \`depends\`.\n`;
}

/** With columns of equal width, as the formatter wants Markdown. */
function renderTable([head = [], ...body]: readonly string[][]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...body].map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function firstSetting(schema: SchemaNode): string {
  const inOverride = Object.keys(schema.properties?.overrides?.items?.properties ?? {});
  return inOverride.find((key) => key !== 'when') ?? '';
}

function rowsOf(schema: SchemaNode, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, node]) => {
    const path = `${prefix}${key}`;
    if (path === 'overrides')
      return [row(path, 'list of maps', node), ...rowsOf(node.items?.properties?.when ?? {}, 'overrides[].when.')];
    const item = node.items?.properties === undefined ? node : node.items;
    const inner = item === node ? `${path}.` : `${path}[].`;
    const required = schema.required?.includes(key) ? ' (required)' : '';
    return item.properties === undefined
      ? [row(path, typeOf(node) + required, node)]
      : [row(path, typeOf(node) + required, node), ...rowsOf(item, inner)];
  });
}

function row(path: string, type: string, { description = '' }: SchemaNode): string[] {
  return [`\`${path}\``, type, description.replaceAll('|', '\\|')];
}

function typeOf({ type, items, anyOf, enum: values, format }: SchemaNode): string {
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ');
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (type === 'array')
    return items?.enum === undefined
      ? `list of ${items?.type === 'object' ? 'maps' : 'texts'}`
      : `list of ${typeOf(items)}`;
  if (type === 'object') return 'map';
  if (format === 'date') return 'date';
  return type === 'string' ? 'text' : (type ?? 'any');
}
