import type { ProjectStandings } from '../../core/upload-rules.js';
import type { Database } from './database.js';

export function projectStandings(db: Database): ProjectStandings {
  return {
    async standing(project) {
      const [row, reserved] = await Promise.all([
        db.selectFrom('projects').select(['status', 'owned']).where('name', '=', project).executeTakeFirst(),
        db.selectFrom('reserved_names').select('name').execute(),
      ]);
      return {
        ...(row && { status: row.status }),
        owned: row?.owned === 1,
        reserved: reserved.map(({ name }) => name),
      };
    },
  };
}
