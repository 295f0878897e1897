import { useState } from 'preact/hooks';

const SHOWN_MS = 1500;

/** A button that copies text and says so. */
export function CopyButton({ label, text }: { label: string; text: () => string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  const copy = async () => {
    // The clipboard is withheld on plain http from anywhere but this machine.
    const done = await writeClipboard(text());
    setState(done ? 'copied' : 'failed');
    setTimeout(() => setState('idle'), SHOWN_MS);
  };
  return (
    <button type="button" class="copy" onClick={copy}>
      <span aria-live="polite">
        {state === 'copied' ? 'Copied' : state === 'failed' ? 'Select and copy by hand' : label}
      </span>
    </button>
  );
}

async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Lines to paste into a terminal or file. */
export function CopyBlock({ title, text }: { title: string; text: string }) {
  return (
    <figure class="copy-block">
      <figcaption>
        {title}
        <CopyButton label="Copy" text={() => text} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}
