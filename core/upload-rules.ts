// Which names may be uploaded to.
import { WheelwrightError } from './errors.js';
import { isReserved } from './index-policy.js';
import type { ProjectStatus } from './simple-index.js';

/** What the index knows of a name. */
export interface ProjectStanding {
  /** Undefined for a project that has never had a file here. */
  status?: ProjectStatus;
  /** Whether it was uploaded here, so that it never falls through to an upstream. */
  owned: boolean;
  /** Names and prefixes kept for this organisation. */
  reserved: readonly string[];
  /** A project here, or a reserved name, that a project which is new can be taken for. */
  looksLike?: string;
}

/** Reads standings; the only thing that an upload must know beyond files. */
export interface ProjectStandings {
  /** @param project normalised. */
  standing(project: string): Promise<ProjectStanding>;
}

/**
 * @param mayClaim whether the token may begin a project under a reserved name.
 * @throws WheelwrightError `forbidden` for a project that takes no uploads (PEP 792) and for the look-alike of another, `conflict` for a reserved name (PEP 752).
 */
export function checkUploadAllowed(project: string, standing: ProjectStanding, mayClaim: boolean): void {
  assertTakesFiles(project, standing.status, 'and takes no uploads');
  if (standing.status === undefined && !mayClaim && isReserved(standing.reserved, project)) {
    throw new WheelwrightError('conflict', `the name ${project} is reserved`, {
      hint: 'The first file of a project under a reserved name takes a token with the scope admin; after that any upload token will do.',
    });
  }
  if (standing.status === undefined && !mayClaim && standing.looksLike !== undefined) {
    throw new WheelwrightError(
      'forbidden',
      `the name ${project} can be taken for ${standing.looksLike}, which is here already`,
      {
        hint: 'Usually it is a slip of the pen. Where it is meant, the first file takes a token with the scope admin; after that any upload token will do.',
      },
    );
  }
}

/**
 * @param refusal how the message ends
 * @throws WheelwrightError `forbidden` for a project that takes no more files (PEP 792).
 */
export function assertTakesFiles(project: string, status: ProjectStatus | undefined, refusal: string): void {
  if (status !== 'archived' && status !== 'quarantined') return;
  throw new WheelwrightError('forbidden', `${project} is ${status} ${refusal}`, {
    hint: `Someone set this status on purpose. An administrator takes it back by \`wheelwright index status ${project} --set active\`.`,
  });
}
