import type { DiagnosisContext } from '../../core/diagnosis/conclusion.js';
import { createDiagnosis } from '../../core/diagnosis/diagnosis.js';
import { LineCutter } from '../../core/diagnosis/log-line.js';
import type { Failure } from '../../core/failure.js';

/** The diagnosis of a whole log in one string. */
export function diagnoseText(text: string, context: DiagnosisContext = {}): Failure {
  const diagnosis = createDiagnosis(context.phase === undefined ? {} : { phase: context.phase });
  const cutter = new LineCutter((line, number) => diagnosis.line(line, number));
  cutter.push(new TextEncoder().encode(text));
  cutter.end();
  return diagnosis.conclude(context);
}
