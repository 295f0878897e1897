import type { SubmissionStatus } from '../../../core/review.js';
import { Badge } from '../ui/status.js';

const TONES = { open: 'warn', approved: 'good', rejected: 'bad' } as const;

export function SubmissionStatusBadge({ status }: { status: SubmissionStatus }) {
  return <Badge tone={TONES[status]}>{status}</Badge>;
}
