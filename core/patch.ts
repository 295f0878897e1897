// Unified diffs, as `patch -p1` takes them: https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html

/** Why a text is not a unified diff that can be applied inside a folder, as the end of a sentence about it; undefined where it is one. */
export function patchFault(text: string): string | undefined {
  const lines = text.replace(/\n$/, '').split('\n');
  let files = 0;
  let hunks = 0;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (line.startsWith('--- ')) {
      const after = lines[index + 1] ?? '';
      if (!after.startsWith('+++ ')) return `has no "+++" line after line ${index + 1}`;
      const outside = [line, after].map(pathOf).find((path) => path !== '/dev/null' && !isInside(path));
      if (outside !== undefined) return `changes ${outside}, which is not inside the sdist`;
      files += 1;
      index += 1;
    } else if (line.startsWith('@@')) {
      const length = hunkLength(lines, index);
      if (typeof length === 'string') return length;
      if (files === 0) return 'has a hunk before it names a file';
      hunks += 1;
      index += length;
    }
  }
  return hunks === 0 ? 'is not a unified diff: it has no hunk ("@@ -1,2 +1,3 @@")' : undefined;
}

/** Number of lines that a hunk takes after its header, or what is wrong with it. */
function hunkLength(lines: readonly string[], at: number): number | string {
  const [, before, after] = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(lines[at] ?? '') ?? [];
  if (!/^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@/.test(lines[at] ?? '')) return `has a broken hunk header at line ${at + 1}`;
  let left = { before: Number(before ?? 1), after: Number(after ?? 1) };
  let length = 0;
  while (left.before > 0 || left.after > 0) {
    const line = lines[at + 1 + length];
    if (line === undefined) return `ends in the middle of the hunk at line ${at + 1}`;
    // Editors strip the space of an empty context line.
    const mark = line === '' ? ' ' : line[0];
    if (mark === ' ') left = { before: left.before - 1, after: left.after - 1 };
    else if (mark === '-') left = { ...left, before: left.before - 1 };
    else if (mark === '+') left = { ...left, after: left.after - 1 };
    else if (mark !== '\\')
      return `has a line in the hunk at line ${at + 1} that is neither context, addition nor removal`;
    if (left.before < 0 || left.after < 0) return tooLong(at);
    length += 1;
  }
  // `-- ` is how mails that carry patches end.
  if (/^[+-](?!-- |\+\+ |- $)/.test(lines[at + 1 + length] ?? '')) return tooLong(at);
  return length;
}

function tooLong(at: number): string {
  return `has more lines in the hunk at line ${at + 1} than its header says`;
}

function pathOf(header: string): string {
  return header.slice(4).split('\t')[0]?.trim() ?? '';
}

function isInside(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.split('/').includes('..');
}
