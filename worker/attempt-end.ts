/** Why an attempt is broken off from outside; the reason of its abort signal. */
export class AttemptEnd extends Error {
  readonly kind: 'cancelled' | 'superseded' | 'stopping';

  constructor(kind: AttemptEnd['kind']) {
    super(
      {
        cancelled: 'someone cancelled the build',
        superseded:
          'the lease is no longer valid: the attempt was given up or taken over, or the token of this worker was revoked',
        stopping: 'the worker was stopped',
      }[kind],
    );
    this.name = 'AttemptEnd';
    this.kind = kind;
  }
}
