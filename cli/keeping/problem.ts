/** Something that is wrong, and what mends it. */
export interface Problem {
  part: 'database' | 'blob' | 'file' | 'log' | 'page';
  what: string;
  mend: string;
}
