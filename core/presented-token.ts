/**
 * The token that an Authorization header brings: as `Bearer`, or as the password of `Basic`, which is all that installers send. The user's name is not looked at:
 * it is `__token__` by custom, and whatever a netrc file says.
 */
export function presentedToken(authorization: string | undefined): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +([\x21-\x7e]+) *$/i.exec(authorization ?? '') ?? [];
  if (scheme === undefined || value === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return value;
  try {
    const pair = atob(value);
    const colon = pair.indexOf(':');
    return colon === -1 || colon === pair.length - 1 ? undefined : pair.slice(colon + 1);
  } catch {
    return undefined;
  }
}
