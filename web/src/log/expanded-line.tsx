import { useEffect, useRef } from 'preact/hooks';
import { CopyButton } from '../ui/copy.js';
import { plainText } from './line-text.js';

/** One line in full, wrapped. */
export function ExpandedLine({ number, text, onClose }: { number: number; text: string; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const plain = plainText(text);
  return (
    <dialog ref={dialog} class="expanded-line" aria-label={`Line ${number}`} onClose={onClose}>
      <header>
        <h2>
          Line {number.toLocaleString()} <span class="detail">{plain.length.toLocaleString()} characters</span>
        </h2>
        <CopyButton label="Copy" text={() => plain} />
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      <pre tabIndex={0}>{plain}</pre>
    </dialog>
  );
}
