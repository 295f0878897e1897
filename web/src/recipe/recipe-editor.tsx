import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Fault } from '../../../core/errors.js';
import { get, post } from '../request.js';
import { AppliedSettings } from './applied-settings.js';
import type { SchemaNode } from './completion.js';
import { RecipeActions } from './recipe-actions.js';
import type { YamlEditor } from './yaml-editor.js';

const LINT_AFTER_MS = 250;

/** A recipe's text with its faults beside it, and what can be done with it. */
export function RecipeEditor({ initial, from }: { initial: string; from: string | undefined }) {
  const [text, setText] = useState(initial);
  const faults = useLint(text);
  const editor = useRef<YamlEditor>(undefined);
  return (
    <div class="recipe-editor">
      <EditorFrame initial={initial} faults={faults} onChange={setText} editor={editor} />
      <div class="faults">
        <div aria-live="polite">
          {faults === undefined ? (
            <p class="detail">Looking it through…</p>
          ) : faults.length === 0 ? (
            <p class="sound">The recipe is sound.</p>
          ) : (
            <ul>
              {faults.map((fault, index) => (
                <li key={index}>
                  <button type="button" onClick={() => editor.current?.goTo(fault.line ?? 1)}>
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
        </div>
        <AppliedSettings recipe={text} sound={faults?.length === 0} onLine={(line) => editor.current?.goTo(line)} />
        <RecipeActions recipe={text} sound={faults?.length === 0} from={from} />
      </div>
    </div>
  );
}

interface FrameProps {
  initial: string;
  faults: readonly Fault[] | undefined;
  onChange(text: string): void;
  editor: RefObject<YamlEditor | undefined>;
}

/** Where the editor goes once it is loaded. */
function EditorFrame({ initial, faults, onChange, editor }: FrameProps) {
  const parent = useRef<HTMLDivElement>(null);
  const schema = useRef<SchemaNode>(undefined);
  useEffect(() => {
    let closed = false;
    get<SchemaNode>('recipes/schema').then(
      (read) => {
        schema.current = read;
      },
      () => {},
    );
    void import('./yaml-editor.js').then(({ openYamlEditor }) => {
      if (closed || parent.current === null) return;
      const options = { text: initial, label: 'Recipe in YAML', schema: () => schema.current, onChange };
      editor.current = openYamlEditor(parent.current, options);
    });
    return () => {
      closed = true;
      editor.current?.close();
      editor.current = undefined;
    };
  }, [initial, editor, onChange]);
  useEffect(() => {
    if (faults !== undefined) editor.current?.showFaults(faults);
  }, [faults, editor]);
  return <div class="yaml-editor" ref={parent} />;
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
