// Whether a process that noted who it was still lives. On Linux pid, start time and boot together name one process for
// ever; elsewhere the pid alone has to do, and a reused one counts as alive.
//
// Asked only about processes that noted the same host name. Equal name and another boot are taken for the same machine
// before it was started anew. Two machines of one name that share a store would thus declare each other's processes dead.
// With SQLite that is no case to care for: a store is one file for one machine, and its locks and WAL do not work over a
// network file system (https://www.sqlite.org/wal.html), whatever the machines are called. A store that machines share
// asks isSameBoot() first.
import { readFileSync, readlinkSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat (proc_pid_stat(5)), clock ticks after boot. */
  readonly start: string | null;
  readonly bootId: string | null;
  /** Processes of different containers do not see each other's pids, though host and boot are the same. */
  readonly pidNamespace: string | null;
}

export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, start: processStart(pid), bootId: bootId(), pidNamespace: pidNamespace() };
}

/** Whether it surely ran on this machine as it is up now; false too where that cannot be known (not Linux). */
export function isSameBoot(known: ProcessIdentity): boolean {
  return known.bootId !== null && known.bootId === bootId();
}

/** @param known a process of this host, as it identified itself. @returns true only where it is surely gone. */
export function isProcessGone(known: ProcessIdentity): boolean {
  const boot = bootId();
  if (known.bootId !== null && boot !== null && known.bootId !== boot) return true;
  if (known.pidNamespace !== pidNamespace()) return false;
  if (!isPidAlive(known.pid)) return true;
  const start = processStart(known.pid);
  return known.start !== null && start !== null && known.start !== start;
}

function isPidAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function processStart(pid: number): string | null {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the program's name in brackets, and may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie is dead but not yet waited for: it will never write again.
  if (fields[0] === 'Z') return 'zombie';
  return fields[19] ?? null;
}

function bootId(): string | null {
  return textOf('/proc/sys/kernel/random/boot_id')?.trim() ?? null;
}

function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
