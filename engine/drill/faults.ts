// The fault table: which requests go wrong, and how. Whether the n-th matching request is hit depends on the seed and n
// alone, so a drill replays. Counters start anew with the process; the world's file keeps the world, not its bad luck.
import { STREAM, unit } from './random.ts';
import type { Fault, ServerName } from './scenario.ts';

export interface FaultTable {
  /** The first fault that hits this request, or undefined. Counts the request for every fault that it matches. */
  hit(server: ServerName, method: string, path: string, elapsedMs: number): Fault | undefined;
}

export function createFaultTable(seed: number, faults: readonly Fault[]): FaultTable {
  const rows = faults.map((fault, index) => ({
    fault,
    index,
    matches: pathMatcher(fault.match.path),
    seen: 0,
    hits: 0,
  }));
  return {
    hit: (server, method, path, elapsedMs) => {
      let found: Fault | undefined;
      for (const row of rows) {
        const { fault } = row;
        if (fault.match.server !== server || !row.matches(path)) continue;
        if (fault.match.method !== undefined && fault.match.method !== method) continue;
        if (elapsedMs < (fault.fromMs ?? 0) || elapsedMs > (fault.untilMs ?? Number.POSITIVE_INFINITY)) continue;
        const number = row.seen;
        row.seen += 1;
        if (found !== undefined || number < fault.afterRequests) continue;
        if (row.hits >= (fault.count ?? Number.POSITIVE_INFINITY)) continue;
        if (unit(seed, STREAM.fault, row.index, number) >= fault.rate) continue;
        row.hits += 1;
        found = fault;
      }
      return found;
    },
  };
}

/** `*` stands for one segment, `**` at the end for any rest. */
function pathMatcher(pattern: string): (path: string) => boolean {
  const parts = pattern.split('/');
  const isOpen = parts.at(-1) === '**';
  const fixed = isOpen ? parts.slice(0, -1) : parts;
  return (path) => {
    const segments = path.split('/');
    if (isOpen ? segments.length < fixed.length : segments.length !== fixed.length) return false;
    return fixed.every((part, index) => part === '*' || part === segments[index]);
  };
}
