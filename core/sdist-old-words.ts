// Where a build ends at a word of an older Python or of its tools, the sdist often has more of them, each of which would cost a build.
import { OLD_WORDS, type OldWord } from './diagnosis/old-words.js';
import { canonicalJson } from './digest.js';
import type { Failure } from './failure.js';
import { mergeEdit } from './recipe/edit.js';
import type { SdistText } from './sdist-text.js';

const WORDS: readonly OldWord[] = Object.values(OLD_WORDS);

/** Whether the failure's proposal settles one such word. */
export function isOldWord(failure: Failure): boolean {
  return wordOf(failure) !== undefined;
}

function wordOf({ proposal }: Failure): OldWord | undefined {
  const edit = canonicalJson(proposal?.edit);
  return WORDS.find((word) => canonicalJson(word.edit) === edit);
}

export function mayHoldOldWords(path: string): boolean {
  return WORDS.some(({ files }) => files.test(path));
}

/** The failure with the other old words of the sdist settled by its proposal too; unchanged where it {@link isOldWord is about none}. */
export function withOtherOldWords(failure: Failure, texts: readonly SdistText[]): Failure {
  const { proposal } = failure;
  const own = wordOf(failure);
  if (proposal === undefined || own === undefined) return failure;
  const others = WORDS.flatMap((word) => {
    const where = texts.find(
      ({ path, text }) => word.files.test(path) && word.word.test(text) && word.unless?.test(text) !== true,
    );
    return word === own || where === undefined ? [] : [{ ...word, found: word.word.exec(where.text)?.[0], where }];
  });
  if (others.length === 0) return failure;
  return {
    ...failure,
    proposal: {
      edit: others.reduce<Record<string, unknown>>(
        (edit, other) => ({ ...mergeEdit(edit, other.edit) }),
        proposal.edit,
      ),
      why: [
        proposal.why,
        ...others.map(({ found, where, why }) => `${where.path} has ${found?.trim()} as well. ${why}`),
      ].join(' '),
      guess: true,
    },
  };
}
