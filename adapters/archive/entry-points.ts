// https://packaging.python.org/en/latest/specifications/entry-points/
import { WheelwrightError } from '../../core/errors.js';

const OBJECT_REFERENCE = /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u;
const MAX_LINE = 1000;
const SCRIPT_GROUPS = new Set(['console_scripts', 'gui_scripts']);

/**
 * Checks entry_points.txt: its form, and that a script's name stays in the folder of scripts.
 * @throws WheelwrightError `invalid` naming the line.
 */
export function checkEntryPoints(text: string): void {
  let group: string | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const fault = (why: string) =>
      new WheelwrightError(
        'invalid',
        `entry_points.txt, line ${index + 1} (${JSON.stringify(line.slice(0, 100))}): ${why}`,
        {
          hint: 'Entry points are written `name = module:object`, below a [group]. Correct them in the project and build again.',
        },
      );

    if (line.length > MAX_LINE) throw fault(`it has ${line.length} characters`);
    if (line.startsWith('[')) {
      group = /^\[([^\]]+)\]$/.exec(line)?.[1]?.trim();
      if (group === undefined) throw fault('the group is not closed');
      continue;
    }
    if (group === undefined) throw fault('it stands before any group');
    const equals = line.indexOf('=');
    const name = line.slice(0, Math.max(0, equals)).trim();
    if (name === '') throw fault('it has no name');
    if (!SCRIPT_GROUPS.has(group)) continue;
    if (/[/\\\x00-\x1f]/.test(name) || name === '.' || name === '..')
      throw fault('the script would lie outside its folder');
    const value = line.slice(equals + 1).replace(/\[[^\]]*\]\s*$/, '');
    const [module, object, ...more] = value.split(':').map((part) => part.trim());
    if (more.length > 0 || ![module, object].every((part) => part !== undefined && OBJECT_REFERENCE.test(part))) {
      throw fault('a script must refer to module:object');
    }
  }
}
