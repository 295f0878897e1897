/** What a token may do; `admin` includes all the others. */
export const SCOPES = ['build', 'submit', 'approve', 'upload', 'admin', 'worker'] as const;
export type Scope = (typeof SCOPES)[number];
