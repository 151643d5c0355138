// The fault table: which requests go wrong, and how. Whether the n-th matching request is hit depends on the seed and n
// alone, so a drill replays. Counters start anew with the process; the world's file keeps the world, not its bad luck.
import { drawLatency } from './latency.ts';
import { STREAM, unit } from './random.ts';
import type { Fault, ServerName, Tail } from './scenario.ts';

export interface FaultTable {
  /**
   * The first fault that hits this request, or undefined; a heavy tail's `latencyMs` is drawn. Counts the request for every
   * fault that it matches.
   */
  hit(server: ServerName, method: string, path: string, elapsedMs: number): Fault | undefined;
}

interface Row {
  readonly fault: Fault;
  readonly index: number;
  readonly matches: (path: string) => boolean;
  seen: number;
  hits: number;
}

function rowOf(fault: Fault, index: number): Row {
  return { fault, index, matches: pathMatcher(fault.match.path), seen: 0, hits: 0 };
}

/** @param added Those put in while the world runs; the list may grow, and become empty. */
export function createFaultTable(
  seed: number,
  faults: readonly Fault[],
  added: () => readonly Fault[] = () => [],
): FaultTable {
  const own = faults.map(rowOf);
  let more: readonly Fault[] = [];
  let rows: readonly Row[] = own;
  return {
    hit: (server, method, path, elapsedMs) => {
      const now = added();
      if (now !== more) {
        more = now;
        const known = new Map(rows.map((row) => [row.fault, row]));
        rows = [...own, ...now.map((fault, index) => known.get(fault) ?? rowOf(fault, own.length + index))];
      }
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
        found = fault.tail === undefined ? fault : { ...fault, latencyMs: drawn(fault.tail, row.index, number) };
      }
      return found;
    },
  };

  function drawn(tail: Tail, index: number, number: number): number {
    return drawLatency(
      tail,
      unit(seed, STREAM.latency, index, 2 * number),
      unit(seed, STREAM.latency, index, 2 * number + 1),
    );
  }
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
