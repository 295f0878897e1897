import { lookAlikeOf, nameSkeleton } from '../../core/look-alike.js';
import type { ProjectStandings } from '../../core/upload-rules.js';
import type { Database } from './database.js';

export function projectStandings(db: Database): ProjectStandings {
  return {
    async standing(project) {
      const [row, reserved] = await Promise.all([
        db.selectFrom('projects').select(['status', 'owned']).where('name', '=', project).executeTakeFirst(),
        reservedNames(db),
      ]);
      const looksLike = row === undefined ? await lookAlike(db, project, reserved) : undefined;
      return {
        ...(row && { status: row.status }),
        owned: row?.owned === 1,
        reserved,
        ...(looksLike !== undefined && { looksLike }),
      };
    },
  };
}

export async function reservedNames(db: Database): Promise<string[]> {
  const rows = await db.selectFrom('reserved_names').select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}

async function lookAlike(db: Database, project: string, reserved: readonly string[]): Promise<string | undefined> {
  const alike = await db
    .selectFrom('projects')
    .select('name')
    .where('skeleton', '=', nameSkeleton(project))
    .orderBy('name')
    .executeTakeFirst();
  return alike?.name ?? lookAlikeOf(project, reserved);
}
