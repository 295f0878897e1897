import { useEffect, useState } from 'preact/hooks';
import { at, BASE } from './base.js';

const listeners = new Set<() => void>();

/** Path below the root without a leading slash, and the query. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

function here(): Place {
  return { path: location.pathname.slice(BASE.pathname.length), query: new URLSearchParams(location.search) };
}

/** The present place; the component renders again when it changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const update = () => setPlace(here());
    listeners.add(update);
    return () => {
      listeners.delete(update);
    };
  }, []);
  return place;
}

/** Goes to a path of the UI. `replace`: the back button skips the present place. */
export function go(path: string, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', at(path));
  for (const listener of listeners) listener();
}

/** Sets or removes keys of the query, leaving the rest of the address as it is. */
export function setQuery(changes: Record<string, string | undefined>): void {
  const { path, query } = here();
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(key);
    else query.set(key, value);
  }
  go(`${path}${query.size === 0 ? '' : `?${query}`}`, { replace: true });
}

/** Lets plain links move within the UI without loading it again. */
export function startRouter(): void {
  addEventListener('popstate', () => {
    for (const listener of listeners) listener();
  });
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest('a');
    if (link === null || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target !== '' || link.hasAttribute('download') || !link.href.startsWith(BASE.href)) return;
    if (/^(api|legacy|metrics|healthz|readyz)\b/.test(link.href.slice(BASE.href.length))) return;
    event.preventDefault();
    go(link.href.slice(BASE.href.length));
    scrollTo(0, 0);
  });
}
