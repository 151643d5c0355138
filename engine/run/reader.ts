// The family's reader with a cache for one attempt. What an effect of ours touches is read anew: a state from before it would
// be taken for the state after.
import type { Described, DescribedTargets } from '../action.ts';

type Describe = (kind: string, ids: readonly string[]) => Promise<DescribedTargets>;

export interface Reader {
  /** What is known of these, read where it is not in the cache. */
  readonly describe: Describe;
  /** Read now, whatever is in the cache. */
  readonly reread: Describe;
  /** An effect is about to touch these, or did. */
  forget(kind: string, ids: readonly string[]): void;
}

/** @param read absent where the family has no reader: then nothing is known of any target. */
export function createReader(read: Describe | undefined): Reader {
  const cache = new Map<string, Map<string, Described | null>>();
  /** What was touched while a read was under way, a set for each. */
  const underWay = new Set<{ readonly kind: string; readonly touched: Set<string> }>();

  const forget: Reader['forget'] = (kind, ids) => {
    const known = cache.get(kind);
    for (const id of ids) known?.delete(id);
    for (const one of underWay) if (one.kind === kind) for (const id of ids) one.touched.add(id);
  };

  const describe: Describe = async (kind, ids) => {
    if (!read) return new Map();
    const known = cache.get(kind) ?? new Map<string, Described | null>();
    cache.set(kind, known);
    const answer = new Map(known.size === 0 ? [] : pick(known, ids));
    const missing = ids.filter((id) => !answer.has(id));
    if (missing.length === 0) return answer;
    const reading = { kind, touched: new Set<string>() };
    underWay.add(reading);
    try {
      for (const [id, one] of await read(kind, missing)) {
        answer.set(id, one);
        if (!reading.touched.has(id)) known.set(id, one);
      }
    } finally {
      underWay.delete(reading);
    }
    return answer;
  };

  return {
    forget,
    describe,
    reread: (kind, ids) => {
      forget(kind, ids);
      return describe(kind, ids);
    },
  };
}

function* pick(
  known: ReadonlyMap<string, Described | null>,
  ids: readonly string[],
): Iterable<[string, Described | null]> {
  for (const id of ids) {
    const one = known.get(id);
    if (one !== undefined) yield [id, one];
  }
}
