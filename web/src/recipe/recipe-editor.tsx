import { useEffect, useRef, useState } from 'preact/hooks';
import type { Build } from '../../../client/contract.js';
import type { Fault } from '../../../core/errors.js';
import { get, post, RequestError } from '../request.js';
import { go } from '../router.js';
import { useSession } from '../session.js';

const LINT_AFTER_MS = 250;

/** A recipe's text with its faults beside it, and a button that tries it on a release. */
export function RecipeEditor({ initial, from }: { initial: string; from: string | undefined }) {
  const { withToken } = useSession();
  const [text, setText] = useState(initial);
  const faults = useLint(text);
  const area = useRef<HTMLTextAreaElement>(null);
  const [requirement, setRequirement] = useState('');
  const [problem, setProblem] = useState<string>();

  useEffect(() => {
    if (from === undefined) return;
    get<Build>(`builds/${from}`).then(
      ({ project, version }) => setRequirement(`${project}==${version}`),
      () => {},
    );
  }, [from]);

  const attempt = (event: SubmitEvent) => {
    event.preventDefault();
    setProblem(undefined);
    withToken(async () => {
      const { builds } = await post<{ builds: Build[] }>('builds', { requirement, recipe: text });
      if (builds[0] !== undefined) go(`builds/${builds[0].id}`);
    }).catch((error: unknown) =>
      setProblem(error instanceof RequestError ? [error.message, error.hint].join(' ') : String(error)),
    );
  };
  const show = (fault: Fault) => {
    const lines = text.split('\n');
    const start = lines.slice(0, (fault.line ?? 1) - 1).join('\n').length + ((fault.line ?? 1) > 1 ? 1 : 0);
    area.current?.focus();
    area.current?.setSelectionRange(start, start + (lines[(fault.line ?? 1) - 1]?.length ?? 0));
  };
  return (
    <form class="recipe-editor" onSubmit={attempt}>
      <div>
        <label for="recipe-text" class="visually-hidden">
          Recipe in YAML
        </label>
        <textarea
          id="recipe-text"
          ref={area}
          spellcheck={false}
          rows={Math.max(16, text.split('\n').length + 2)}
          value={text}
          aria-describedby="recipe-faults"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <div id="recipe-faults" class="faults" aria-live="polite">
        {faults === undefined ? (
          <p class="detail">Looking it through…</p>
        ) : faults.length === 0 ? (
          <p class="sound">The recipe is sound.</p>
        ) : (
          <ul>
            {faults.map((fault, index) => (
              <li key={index}>
                <button type="button" onClick={() => show(fault)}>
                  Line {fault.line ?? 1}
                </button>
                <span>
                  {fault.path !== undefined && <code>{fault.path}: </code>}
                  {fault.message}
                </span>
              </li>
            ))}
          </ul>
        )}
        <div class="try">
          <label for="recipe-requirement">Try it on</label>
          <input
            id="recipe-requirement"
            type="text"
            required
            placeholder="my-package==1.0"
            value={requirement}
            onInput={(event) => setRequirement(event.currentTarget.value)}
          />
          <button type="submit" class="primary" disabled={faults === undefined || faults.length > 0}>
            Build with this recipe
          </button>
          <p class="hint">Its wheel is served under /trial/simple/ until someone approves the recipe.</p>
          {problem !== undefined && (
            <p class="problem" role="alert">
              {problem}
            </p>
          )}
        </div>
      </div>
    </form>
  );
}

/** The faults of a text, a moment after the typing stops; undefined until they are known. */
function useLint(text: string): Fault[] | undefined {
  const [answer, setAnswer] = useState<{ text: string; faults: Fault[] }>();
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      post<{ faults: Fault[] }>('recipes/lint', { recipe: text }, abort.signal).then(
        ({ faults }) => setAnswer({ text, faults }),
        () => {},
      );
    }, LINT_AFTER_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return answer?.text === text ? answer.faults : undefined;
}
