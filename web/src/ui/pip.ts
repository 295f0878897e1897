/** The line that installs a requirement from an index, quoted for a shell. */
export function pipInstall(index: string, requirement: string): string {
  const host = distrustedHost(index);
  const trusted = host === undefined ? '' : ` --trusted-host ${host}`;
  return `pip install --index-url ${index}${trusted} ${/^[\w.-]+$/.test(requirement) ? requirement : `'${requirement}'`}`;
}

/** The host that pip must be told to trust: it refuses plain http from anywhere but this machine. */
export function distrustedHost(index: string): string | undefined {
  const { protocol, hostname } = new URL(index);
  return protocol === 'http:' && !/^(127\.|localhost$|\[::1\]$)/.test(hostname) ? hostname : undefined;
}
