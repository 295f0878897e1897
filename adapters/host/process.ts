import { readFileSync } from 'node:fs';

/**
 * Whether a process of this machine runs. One that has ended, and whose parent has not asked about it yet (a zombie), keeps its number and takes
 * signals; it does not run. Where there is no /proc, whether it takes signals decides.
 */
export function isProcessRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !hasEnded(pid);
}

/** By the state in https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; it follows the name, which may hold any character. */
function hasEnded(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /^ [ZXx]/.test(stat.slice(stat.lastIndexOf(')') + 1));
  } catch {
    return false;
  }
}
