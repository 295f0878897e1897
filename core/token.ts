/** What a token may do; `admin` includes all the others. `worker-trial` is for workers that are given builds by unapproved recipes only. */
export const SCOPES = ['build', 'submit', 'approve', 'upload', 'admin', 'worker', 'worker-trial'] as const;
export type Scope = (typeof SCOPES)[number];
