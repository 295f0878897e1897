import { useEffect, useState } from 'preact/hooks';
import { get } from '../request.js';

/** What GET /api/v1/service says: what a page must know about the installation it belongs to. */
export interface Service {
  /** With `/simple/`. */
  indexUrl: string;
  /** The same for wheels whose recipe nobody has approved yet. */
  trialIndexUrl: string;
  defaultPolicy: string;
  defaultPythons: string[];
}

let known: Promise<Service> | undefined;

/** Read once; it cannot change while the service runs. */
export function useService(): Service | undefined {
  const [service, setService] = useState<Service>();
  useEffect(() => {
    known ??= get<Service>('service');
    known.then(setService, () => {
      known = undefined;
    });
  }, []);
  return service;
}
