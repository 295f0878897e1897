import { useEffect, useState } from 'preact/hooks';
import { post, RequestError } from '../request.js';
import { useResource } from '../ui/resource.js';
import { useService } from '../ui/service.js';

interface Setting {
  path: string;
  value: string | number | boolean;
  line: number;
}

interface Images {
  images: { policy: string; interpreters: { python: string }[] }[];
}

interface Props {
  recipe: string;
  sound: boolean;
  onLine(line: number): void;
}

/** What a recipe comes to for one version on one target, and which line of it says so. */
export function AppliedSettings({ recipe, sound, onLine }: Props) {
  const service = useService();
  const { data } = useResource<Images>('images');
  const [version, setVersion] = useState('');
  const [target, setTarget] = useState<string>();
  const targets =
    data?.images.flatMap(({ policy, interpreters }) => interpreters.map(({ python }) => `${python} ${policy}`)) ?? [];
  const chosen = target ?? `${service?.defaultPythons[0]} ${service?.defaultPolicy}`;
  const answer = useExplanation(
    sound && version.trim() !== '' ? { recipe, version: version.trim(), chosen } : undefined,
  );
  return (
    <details class="applied">
      <summary>What applies to a version</summary>
      <div class="filters">
        <label>
          Version{' '}
          <input type="text" size={8} value={version} onInput={(event) => setVersion(event.currentTarget.value)} />
        </label>
        <label>
          Target{' '}
          <select value={chosen} onChange={(event) => setTarget(event.currentTarget.value)}>
            {targets.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      {typeof answer === 'string' && <p class="problem">{answer}</p>}
      {Array.isArray(answer) && answer.length === 0 && <p class="empty">Nothing: it builds bare.</p>}
      {Array.isArray(answer) && answer.length > 0 && (
        <ul>
          {answer.map(({ path, value, line }, index) => (
            <li key={index}>
              <button type="button" class="small" onClick={() => onLine(line)}>
                Line {line}
              </button>
              <span>
                <code>{path}</code> {String(value)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

/** The settings, or why there are none to show. */
function useExplanation(
  asked: { recipe: string; version: string; chosen: string } | undefined,
): Setting[] | string | undefined {
  const [answer, setAnswer] = useState<Setting[] | string>();
  const key = asked === undefined ? undefined : JSON.stringify(asked);
  useEffect(() => {
    setAnswer(undefined);
    if (key === undefined) return;
    const abort = new AbortController();
    const { recipe, version, chosen } = JSON.parse(key) as { recipe: string; version: string; chosen: string };
    const [python, policy] = chosen.split(' ');
    post<{ settings: Setting[] }>('recipes/explain', { recipe, version, python, policy }, abort.signal).then(
      ({ settings }) => setAnswer(settings),
      (error: unknown) => {
        if (!abort.signal.aborted) setAnswer(error instanceof RequestError ? error.message : String(error));
      },
    );
    return () => abort.abort();
  }, [key]);
  return answer;
}
