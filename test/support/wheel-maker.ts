import { createHash } from 'node:crypto';
import { makeZip, type ZipFrame, type ZipPart } from './zip-maker.js';

export interface WheelOptions {
  /** Default: a pure wheel of demo 1.0. */
  filename?: string;
  distInfo?: string;
  metadata?: string;
  wheel?: string;
  entryPoints?: string;
  /** Files beside the dist-info; default one module. */
  files?: Record<string, string | Buffer>;
  /** Changes the parts just before they are written, RECORD included. */
  change?: (parts: ZipPart[]) => ZipPart[];
  /** Changes RECORD's lines. */
  record?: (lines: string[]) => string[];
  frame?: ZipFrame;
}

/** A wheel that passes every check, or with the faults asked for. */
export function makeWheel(options: WheelOptions = {}): { filename: string; bytes: Buffer } {
  const filename = options.filename ?? 'demo-1.0-py3-none-any.whl';
  const [name, version, ...rest] = filename.slice(0, -4).split('-') as [string, string, ...string[]];
  const info = options.distInfo ?? `${name}-${version}.dist-info`;
  const [pythons, abis, platforms] = rest.slice(-3).map((set) => set.split('.')) as [string[], string[], string[]];
  const tags = pythons.flatMap((python) => abis.flatMap((abi) => platforms.map((on) => `Tag: ${python}-${abi}-${on}`)));
  const files: Record<string, string | Buffer> = {
    ...(options.files ?? { [`${name}.py`]: 'answer = 42\n' }),
    [`${info}/METADATA`]:
      options.metadata ?? `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nRequires-Python: >=3.8\n\ntext\n`,
    [`${info}/WHEEL`]:
      options.wheel ??
      `Wheel-Version: 1.0\nGenerator: maker\nRoot-Is-Purelib: ${platforms.includes('any')}\n${tags.join('\n')}\n`,
    ...(options.entryPoints !== undefined && { [`${info}/entry_points.txt`]: options.entryPoints }),
  };
  const lines = Object.entries(files).map(([path, data]) => {
    const digest = createHash('sha256').update(data).digest('base64url');
    return `${path.includes(',') ? `"${path}"` : path},sha256=${digest},${Buffer.byteLength(data)}`;
  });
  lines.push(`${info}/RECORD,,`);
  files[`${info}/RECORD`] = `${(options.record?.(lines) ?? lines).join('\n')}\n`;
  const parts: ZipPart[] = Object.entries(files).map(([path, data]) => ({ name: path, data }));
  return { filename, bytes: makeZip(options.change?.(parts) ?? parts, options.frame) };
}
