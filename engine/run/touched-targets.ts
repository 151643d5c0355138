// How many distinct targets of each kind a run has touched, owners included: kept up event by event, so that asking
// costs what is asked about and not what the ledger holds.
import type { Target } from '../action.ts';
import { changeKey } from './change-views.ts';
import type { RunEvent } from './events.ts';
import { isUndoPath } from './paths.ts';
import type { Change, RunState } from './state.ts';

type Named = Pick<Target, 'kind' | 'id'>;

export interface TouchedTargets {
  /** How many distinct targets of each kind there would be with these too; only of the kinds these are of. */
  countWith(targets: readonly Target[]): ReadonlyMap<string, number>;
  /** Counts these until the returned function is called: they are about to be touched, and no event says so yet. */
  reserve(targets: readonly Target[]): () => void;
}

/** What the index follows. */
interface Source {
  readonly state: RunState;
  listen(listener: (event: RunEvent) => void): () => void;
}

/** Reads nothing before it is first asked. */
export function touchedTargets(source: Source): TouchedTargets {
  let index: TargetIndex | undefined;
  const opened = (): TargetIndex => {
    if (index) return index;
    const made = new TargetIndex(source.state);
    index = made;
    source.listen((event) => made.follow(event));
    return made;
  };
  return {
    countWith: (targets) => opened().countWith(targets),
    reserve: (targets) => opened().reserve(targets),
  };
}

/** A target and everybody it belongs to. */
export function withOwners(target: Target): readonly Named[] {
  const chain: Named[] = [];
  for (let at: Target | undefined = target; at !== undefined; at = at.owner) chain.push({ kind: at.kind, id: at.id });
  return chain;
}

class TargetIndex {
  readonly #state: RunState;
  /** By kind, then id: how many changes and reservations touch it. */
  readonly #uses = new Map<string, Map<string, number>>();
  /** By step, then key: the changes that are counted, as they were then. */
  readonly #counted = new Map<string, Map<string, Change>>();

  constructor(state: RunState) {
    this.#state = state;
    for (const [step, changes] of state.changes) for (const key of changes.keys()) this.#update(step, key);
  }

  follow(event: RunEvent): void {
    if (event.step === undefined) return;
    switch (event.type) {
      case 'change.intended':
        for (const { id } of event.data.targets) this.#update(event.step, changeKey({ ...event.data, id }));
        return;
      case 'change.settled':
        for (const { id } of event.data.results) this.#update(event.step, changeKey({ ...event.data, id }));
        return;
      case 'doubt.resolved':
        for (const id of event.data.ids) this.#update(event.step, changeKey({ ...event.data, id }));
        return;
      default:
        return;
    }
  }

  countWith(targets: readonly Target[]): ReadonlyMap<string, number> {
    const added = new Map<string, Set<string>>();
    for (const { kind, id } of targets.flatMap(withOwners)) {
      const ids = added.get(kind) ?? new Set();
      if (!this.#uses.get(kind)?.has(id)) ids.add(id);
      added.set(kind, ids);
    }
    return new Map([...added].map(([kind, ids]) => [kind, (this.#uses.get(kind)?.size ?? 0) + ids.size]));
  }

  reserve(targets: readonly Target[]): () => void {
    for (const target of targets) this.#use(target, 1);
    return () => {
      for (const target of targets) this.#use(target, -1);
    };
  }

  #update(step: string, key: string): void {
    if (isUndoPath(step)) return;
    const change = this.#state.changes.get(step)?.get(key);
    const counted = this.#counted.get(step) ?? new Map<string, Change>();
    this.#counted.set(step, counted);
    const before = counted.get(key);
    const now = change !== undefined && isOurs(change) ? change : undefined;
    if (before === now) return;
    if (now === undefined) counted.delete(key);
    else {
      counted.set(key, now);
      this.#use(now, 1);
    }
    if (before !== undefined) this.#use(before, -1);
  }

  #use(target: Target, by: 1 | -1): void {
    for (const { kind, id } of withOwners(target)) {
      const ids = this.#uses.get(kind) ?? new Map<string, number>();
      this.#uses.set(kind, ids);
      const uses = (ids.get(id) ?? 0) + by;
      if (uses > 0) ids.set(id, uses);
      else ids.delete(id);
    }
  }
}

/** Sent, or about to be: what was so already, is protected, was refused or left out does not count. */
function isOurs({ outcome }: Change): boolean {
  return outcome === 'intended' || outcome === 'done' || outcome === 'unknown';
}
