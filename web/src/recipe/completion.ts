/** The part of JSON Schema that GET /recipes/schema answers. */
export interface SchemaNode {
  type?: string;
  description?: string;
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  enum?: string[];
}

export interface Suggestion {
  label: string;
  description: string;
  /** What to insert. */
  insert: string;
}

export interface Suggestions {
  /** Offset in the line where what is being typed begins. */
  from: number;
  options: Suggestion[];
}

/**
 * What may stand where one types: keys of the map that the line belongs to, or values of a list or key that knows its values. It goes by indentation, since the
 * text is hardly ever sound YAML while someone types.
 * @param before the lines up to the cursor; the last one is cut at the cursor
 */
export function suggest(before: readonly string[], schema: SchemaNode): Suggestions | undefined {
  const line = before.at(-1) ?? '';
  const flow = /^(.*[{[,]\s*)([\w-]*)$/.exec(line);
  if (flow?.[1] !== undefined && /[{[]/.test(line)) return inFlow(before, flow[1], schema);
  const value = /^(\s*(?:-\s+)?)([\w-]+):\s+([\w-]*)$/.exec(line);
  if (value !== null) {
    const node = at(schema, [...pathOf(before.slice(0, -1), depthOf(line)), value[2] ?? '']);
    return ofValues(node, line.length - (value[3] ?? '').length);
  }
  const item = /^(\s*)-\s+([\w-]*)$/.exec(line);
  if (item !== null) {
    const node = at(schema, pathOf(before.slice(0, -1), depthOf(line)));
    const from = line.length - (item[2] ?? '').length;
    return node?.items?.properties === undefined ? ofValues(node?.items, from) : ofKeys(node.items, from);
  }
  const key = /^(\s*)([\w-]*)$/.exec(line);
  if (key === null) return undefined;
  return ofKeys(at(schema, pathOf(before.slice(0, -1), (key[1] ?? '').length)), (key[1] ?? '').length);
}

/** Inside `{…}` or `[…]` on one line. */
function inFlow(before: readonly string[], head: string, schema: SchemaNode): Suggestions | undefined {
  const open: { key: string | undefined; bracket: string }[] = [];
  for (const [, key, bracket, close] of head.matchAll(/(?:([\w-]+)\s*:\s*)?([{[])|([}\]])/g)) {
    if (close !== undefined) open.pop();
    else open.push({ key, bracket: bracket ?? '' });
  }
  const innermost = open.at(-1);
  if (innermost === undefined) return undefined;
  const keys = open.flatMap(({ key }) => (key === undefined ? [] : [key]));
  const node = at(schema, [...pathOf(before.slice(0, -1), depthOf(head)), ...keys]);
  return innermost.bracket === '[' ? ofValues(node?.items, head.length) : ofKeys(node, head.length);
}

/** The keys above a line of that depth, outermost first. Items of a list belong to the key above it, at its depth or deeper. */
function pathOf(lines: readonly string[], depth: number): string[] {
  const path: string[] = [];
  let below = depth;
  for (const line of lines.toReversed()) {
    const [, indent, dash, key] = /^(\s*)(-\s+)?(?:([\w-]+)\s*:)?/.exec(line) ?? [];
    if (key === undefined || indent === undefined) continue;
    const keyDepth = indent.length + (dash?.length ?? 0);
    const opens = /:\s*(#.*)?$/.test(line);
    if (keyDepth >= below || !opens) {
      if (dash !== undefined && keyDepth <= below) below = indent.length + 1;
      continue;
    }
    path.unshift(key);
    below = keyDepth === 0 ? 0 : keyDepth;
    if (dash !== undefined) below = indent.length + 1;
    if (below === 0) break;
  }
  return path;
}

function depthOf(line: string): number {
  return /^\s*/.exec(line)?.[0].length ?? 0;
}

function at(schema: SchemaNode, path: readonly string[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema;
  for (const key of path) node = (node?.items ?? node)?.properties?.[key];
  return node;
}

function ofKeys(node: SchemaNode | undefined, from: number): Suggestions | undefined {
  const map = node?.items ?? node;
  if (map?.properties === undefined) return undefined;
  const options = Object.entries(map.properties).map(([label, { description = '' }]) => ({
    label,
    description,
    insert: `${label}: `,
  }));
  return { from, options };
}

function ofValues(node: SchemaNode | undefined, from: number): Suggestions | undefined {
  if (node?.enum === undefined) return undefined;
  return { from, options: node.enum.map((label) => ({ label, description: '', insert: label })) };
}
