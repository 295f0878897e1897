/** An edit of a recipe on one line: of a script its first comment, which says what it does; what else is long, such as hashes, stands in the recipe. */
export function editInShort(edit: Record<string, unknown> | undefined): string {
  return JSON.stringify(edit, (key, value: unknown) => {
    if (key === 'install' || key === 'sha256') return undefined;
    return key === 'prepare' && typeof value === 'string' ? (/^# (.+)$/m.exec(value)?.[1] ?? value) : value;
  });
}
