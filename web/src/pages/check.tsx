import { useState } from 'preact/hooks';
import type { Build, CheckAnswer } from '../../../client/contract.js';
import { CheckTable } from '../check/check-table.js';
import type { Images } from '../image/image-card.js';
import { post, RequestError } from '../request.js';
import { go } from '../router.js';
import { useSession } from '../session.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { useService } from '../ui/service.js';
import { useTitle } from '../ui/title.js';

/** Paste what an application installs, and see what would compile before its image is built. */
export function CheckPage() {
  useTitle('Check');
  const service = useService();
  const { data } = useResource<Images>('images');
  const { withToken, offers } = useSession();
  const [file, setFile] = useState('');
  const [chosen, setChosen] = useState<{ python?: string; policy?: string }>({});
  const [dragging, setDragging] = useState(false);
  const [answer, setAnswer] = useState<CheckAnswer>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<RequestError>();
  const policies = [...new Set(data?.images.map(({ policy }) => policy))];
  const python = chosen.python ?? service?.defaultPythons[0];
  const policy = chosen.policy ?? service?.defaultPolicy;
  const pythons = [
    ...new Set(data?.images.flatMap(({ interpreters }) => interpreters.map(({ python }) => python))),
  ].sort();

  const guarded = async (action: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    try {
      await action();
    } catch (problem) {
      setError(problem instanceof RequestError ? problem : new RequestError(0, String(problem)));
    }
    setBusy(false);
  };
  const check = (event: SubmitEvent) => {
    event.preventDefault();
    void guarded(async () => setAnswer(await post('check', { file, python, policy })));
  };
  const build = () =>
    guarded(() =>
      withToken(async () => {
        const { target } = answer as CheckAnswer;
        for (const row of answer?.rows ?? []) {
          if (row.state !== 'must-build') continue;
          await post<{ builds: Build[] }>('builds', {
            requirement: `${row.name}==${row.version}`,
            python: [target.python],
            policy: target.policy,
          });
        }
        go('builds');
      }),
    );
  const take = async (files: FileList | null | undefined) => {
    const text = await files?.[0]?.text();
    if (text !== undefined) setFile(text);
  };
  const toBuild = answer?.rows.filter(({ state }) => state === 'must-build').length ?? 0;
  return (
    <div class="page">
      <h1>Check an application</h1>
      <p class="lead">Which of its requirements come as wheels, which would compile, and which cannot be had.</p>
      <form class="check-form" onSubmit={check}>
        <label for="check-file">requirements.txt, pylock.toml or uv.lock: paste it, or drop the file here</label>
        <textarea
          id="check-file"
          class={dragging ? 'dragging' : ''}
          required
          rows={10}
          spellcheck={false}
          placeholder={'psycopg2==2.9.10\nlxml>=5'}
          value={file}
          onInput={(event) => setFile(event.currentTarget.value)}
          onDragOver={(event) => {
            event.preventDefault();
            setDragging(true);
          }}
          onDragLeave={() => setDragging(false)}
          onDrop={(event) => {
            event.preventDefault();
            setDragging(false);
            void take(event.dataTransfer?.files);
          }}
        />
        <div class="filters">
          <input type="file" aria-label="Choose a file" onChange={(event) => void take(event.currentTarget.files)} />
          <label>
            Python{' '}
            <select value={python} onChange={(event) => setChosen({ ...chosen, python: event.currentTarget.value })}>
              {pythons.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
          <label>
            Policy{' '}
            <select value={policy} onChange={(event) => setChosen({ ...chosen, policy: event.currentTarget.value })}>
              {policies.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
          <button type="submit" class="primary" disabled={busy}>
            {busy ? 'Checking…' : 'Check'}
          </button>
        </div>
      </form>
      {error !== undefined && <ProblemNote error={error} />}
      {answer !== undefined && (
        <>
          <CheckTable answer={answer} />
          {toBuild > 0 && offers('build') && (
            <button type="button" class="primary load-more" disabled={busy} onClick={build}>
              Build {toBuild === 1 ? 'the one that' : `the ${toBuild} that`} would compile
            </button>
          )}
        </>
      )}
    </div>
  );
}
