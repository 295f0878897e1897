// The editor proper; loaded only where a recipe is edited. It lives in a shadow root, because there its styles are a constructed style sheet, which the
// Content-Security-Policy allows, and no <style> element, which it does not.
import { autocompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import type { Text } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { minimalSetup } from 'codemirror';
import type { Fault } from '../../../core/errors.js';
import { type SchemaNode, suggest } from './completion.js';

export interface YamlEditor {
  showFaults(faults: readonly Fault[]): void;
  /** Puts the cursor on a 1-based line. */
  goTo(line: number): void;
  close(): void;
}

interface Options {
  text: string;
  label: string;
  schema(): SchemaNode | undefined;
  onChange(text: string): void;
}

export function openYamlEditor(parent: HTMLElement, { text, label, schema, onChange }: Options): YamlEditor {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: 'open' });
  const complete = (context: CompletionContext): CompletionResult | null => {
    const known = schema();
    const line = context.state.doc.lineAt(context.pos);
    const before = [...linesBefore(context.state.doc, line.number), line.text.slice(0, context.pos - line.from)];
    const found = known === undefined ? undefined : suggest(before, known);
    const typed = found !== undefined && line.from + found.from < context.pos;
    if (found === undefined || !(typed || context.explicit)) return null;
    return {
      from: line.from + found.from,
      options: found.options.map((option) => ({ label: option.label, info: option.description, apply: option.insert })),
      validFor: /^[\w-]*$/,
    };
  };
  const view = new EditorView({
    doc: text,
    parent: root,
    root,
    extensions: [
      minimalSetup,
      yaml(),
      syntaxHighlighting(HIGHLIGHT),
      lintGutter(),
      autocompletion({ override: [complete] }),
      EditorView.contentAttributes.of({ 'aria-label': label }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange(update.state.doc.toString());
      }),
      THEME,
    ],
  });
  return {
    showFaults: (faults) => {
      const diagnostics = faults.map((fault) => diagnosticOf(fault, view.state.doc));
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    goTo: (number) => {
      const line = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
      view.dispatch({ selection: { anchor: line.from, head: line.to }, scrollIntoView: true });
      view.focus();
    },
    close: () => view.destroy(),
  };
}

function linesBefore(doc: Text, number: number): string[] {
  return Array.from({ length: number - 1 }, (_, index) => doc.line(index + 1).text);
}

function diagnosticOf({ message, line: number = 1, column = 1 }: Fault, doc: Text): Diagnostic {
  const line = doc.line(Math.min(number, doc.lines));
  return { from: Math.min(line.from + column - 1, line.to), to: line.to, severity: 'error', message };
}

const HIGHLIGHT = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: tags.string, color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--busy)' },
  { tag: tags.comment, color: 'var(--ink-soft)', fontStyle: 'italic' },
]);

const THEME = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'var(--card)', color: 'var(--ink)', minHeight: '320px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-1px' },
  '.cm-content': { fontFamily: 'var(--mono)', padding: '12px 0', caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--card)', border: 'none' },
  '.cm-tooltip': { backgroundColor: 'var(--card)', color: 'var(--ink)', border: '1px solid var(--line-strong)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--accent-ink)' },
  '.cm-completionInfo': { maxWidth: '320px', fontFamily: 'var(--sans)' },
  '.cm-diagnostic': { fontFamily: 'var(--sans)' },
  // The library draws these with data: images, which the policy refuses.
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)' },
  '.cm-lint-marker-error': {
    content: 'none',
    borderRadius: '50%',
    backgroundColor: 'var(--bad)',
    width: '9px',
    height: '9px',
    margin: '5px 2px',
  },
});
