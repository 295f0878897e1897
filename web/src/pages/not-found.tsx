import { at } from '../base.js';
import { useTitle } from '../ui/title.js';

export function NotFoundPage() {
  useTitle('Not found');
  return (
    <div class="page">
      <h1>There is no such page</h1>
      <p>
        The address may be of an older version. <a href={at('builds')}>Look at the builds</a> or{' '}
        <a href={at('')}>start at the beginning</a>.
      </p>
    </div>
  );
}
