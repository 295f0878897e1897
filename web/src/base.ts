// Wheelwright may be served behind a path prefix. api/web.ts writes a <base> that leads from the page asked for to the root; it is relative, so it
// must be read and fixed before the first navigation changes the page's address.

/** Where the UI's root is, e.g. `https://ci.example/wheels/`. */
export const BASE = new URL('.', document.baseURI);

export function fixBase(): void {
  document.querySelector('base')?.setAttribute('href', BASE.href);
}

/** The address of a path of the UI or API, given without its leading slash. */
export function at(path: string): string {
  return new URL(path, BASE).href;
}
