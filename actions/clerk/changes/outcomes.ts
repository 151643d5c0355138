// What became of a step's changes of one kind and verb: as its ledger says, and as one call of ctx.changes answered.
import type { ActionContext, ChangeResult } from '../../../engine/action.ts';

/** This step's changes of a kind and verb, over all attempts. */
export function changesOf(ctx: ActionContext, kind: string, verb: string): ChangeResult[] {
  return ctx.ledger().filter((change) => change.kind === kind && change.verb === verb);
}

/** Those that an earlier attempt sent, and whose answer was lost: what is so by now is its doing. */
export function idsInDoubt(ctx: ActionContext, kind: string, verb: string): Set<string> {
  return new Set(changesOf(ctx, kind, verb).flatMap(({ id, outcome }) => (outcome === 'unknown' ? [id] : [])));
}

export interface Counts {
  readonly done: number;
  readonly already: number;
  /** Ids that Clerk refused, sorted. */
  readonly failed: string[];
}

/** Over all attempts. */
export function countsOf(ctx: ActionContext, kind: string, verb: string): Counts {
  const own = changesOf(ctx, kind, verb);
  const withOutcome = (wanted: ChangeResult['outcome']): string[] =>
    own.flatMap(({ id, outcome }) => (outcome === wanted ? [id] : []));
  return {
    done: withOutcome('done').length,
    already: withOutcome('already').length,
    failed: withOutcome('failed').sort(),
  };
}

/** @throws Error where a user is in doubt, or failed and is among the `transient`, who are worth another try. */
export function throwIfUsersOpen(verb: string, results: readonly ChangeResult[], transient: ReadonlySet<string>): void {
  const doubtful = results.filter(({ outcome }) => outcome === 'unknown');
  const open = results.filter(({ id, outcome }) => outcome === 'failed' && transient.has(id));
  if (doubtful.length + open.length === 0) return;
  const numbers = `${doubtful.length} users in doubt, ${open.length} not done`;
  throw new Error(`Clerk: ${verb}: ${numbers}${reasonOf([...doubtful, ...open])}`);
}

/** The same for what is no user. @param noun `identifiers`; nothing where `what` has said it. */
export function throwIfUnsettled(
  what: string,
  noun: string,
  results: readonly ChangeResult[],
  transient: ReadonlySet<string>,
): void {
  const open = results.filter(
    ({ id, outcome }) => outcome === 'unknown' || (outcome === 'failed' && transient.has(id)),
  );
  if (open.length === 0) return;
  throw new Error(`Clerk: ${what}: ${open.length}${noun === '' ? '' : ` ${noun}`} not settled${reasonOf(open)}`);
}

function reasonOf(open: readonly ChangeResult[]): string {
  const reason = open.find(({ error }) => error !== undefined)?.error;
  return reason === undefined ? '' : `. ${reason}`;
}
