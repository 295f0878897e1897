import type { Build } from '../../../client/contract.js';
import { Duration } from '../ui/time.js';
import type { LogSection } from './log-rows.js';

interface Props {
  section: LogSection;
  phase: Build['attempts'][number]['phases'][number] | undefined;
  onToggle(section: LogSection): void;
}

/** The row above a phase's lines; folds them. */
export function PhaseHeading({ section, phase, onToggle }: Props) {
  const lines = Math.max(0, section.lastLine - section.firstLine + 1);
  return (
    <div class="phase-heading">
      <button type="button" aria-expanded={!section.folded} onClick={() => onToggle(section)}>
        <span class="chevron" aria-hidden="true" />
        {section.phase}
        <span class="detail">
          {phase !== undefined && <Duration from={phase.startedAt} to={phase.finishedAt} />} · {lines.toLocaleString()}{' '}
          lines
        </span>
      </button>
    </div>
  );
}
