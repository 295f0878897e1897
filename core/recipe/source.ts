// Where in the YAML text each part of a recipe stands.
import { type Document, isAlias, isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Fault } from '../errors.js';

export const MAX_RECIPE_CHARACTERS = 256 * 1024;
/** A recipe is three levels deep; far more is someone trying what the parser bears. */
const MAX_NESTING = 64;

export type RecipePath = readonly (string | number)[];

/** A fault by the path of what is wrong, before its place in the text is looked up. */
export interface PathFault {
  path: RecipePath;
  message: string;
}

/** `overrides[0].system.apt[1]` */
export function pathText(path: RecipePath): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}

/** A parsed YAML document that knows the position of each of its parts. */
export interface RecipeSource {
  value: unknown;
  /** 1-based position of the value at a path, or of its key; of the nearest parent where the path is not there. */
  at(path: RecipePath): { line: number; column: number };
}

/** Parses YAML without anchors and aliases. Faults of the text itself come back together, instead of a source. */
export function readRecipeSource(text: string): { source?: RecipeSource; faults: Fault[] } {
  if (text.length > MAX_RECIPE_CHARACTERS) {
    return refuse(`the recipe has ${text.length} characters; ${MAX_RECIPE_CHARACTERS} are allowed`);
  }
  if (nestsDeeperThan(text, MAX_NESTING)) return refuse(`the recipe nests more than ${MAX_NESTING} levels`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faults: Fault[] = document.errors.map((error) => ({ message: error.message, ...position(error.pos[0]) }));
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node) && !('anchor' in node && node.anchor)) return;
      faults.push({
        message: 'anchors and aliases are not allowed; write the value out',
        ...position(node.range?.[0] ?? 0),
      });
    },
  });
  if (faults.length > 0) return { faults };
  return { source: { value: document.toJS(), at: (path) => position(offsetOf(document, path)) }, faults };
}

function refuse(message: string): { faults: Fault[] } {
  return { faults: [{ message, line: 1, column: 1 }] };
}

/** Looked at before parsing, since a parser that recurses would run out of stack. */
function nestsDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth += 1;
    else if ((character === ']' || character === '}') && depth > 0) depth -= 1;
    if (depth > limit) return true;
  }
  return /^(?:\s*[-?:] ){64}/m.test(text) || new RegExp(`^ {${limit * 8},}\\S`, 'm').test(text);
}

function offsetOf(document: Document, path: RecipePath): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
      if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return document.contents?.range?.[0] ?? 0;
}
