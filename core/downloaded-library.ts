/** What an address holds, by its name and without `lib`: the repository on a forge, else the file without its version. */
export function libraryOf(url: string): string | undefined {
  const path = url
    .replace(/^\w+:\/\/[^/]+\//, '')
    .replace(/['"),;:].*$/, '')
    .replace(/\/$/, '');
  const [, repository] =
    /^[^/]+\/([\w.+-]+?)(?:\.git$|\/(?:archive|releases|tarball|zipball|tags?)\b|(?<!\.\w+)$)/.exec(
      /\bgit|\/archive\/|\/releases\//.test(url) ? path : '',
    ) ?? [];
  const [, file] =
    /(?:^|\/)([A-Za-z][\w+]*?(?:-[A-Za-z]\w*)*)[-_.]v?\d[\w.-]*\.(?:tar\.\w+|tgz|zip|tbz2?)$/.exec(path) ?? [];
  const name = repository ?? file;
  return name === undefined || name.length < 3 ? undefined : name.replace(/^lib(?=\w{3})/, '');
}
