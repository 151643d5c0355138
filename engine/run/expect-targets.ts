// ctx.expect: the owners an action will work through, before its first call.
import type { ExpectSpec } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { keyOf, type LedgerPort, ownerOf } from './ledger-port.ts';

const DEFAULT_VERB = 'touch';

export interface Expected {
  /** Those that may be touched, once each. */
  readonly ids: readonly string[];
  /** They stay counted against limits until this is called. */
  readonly release: () => void;
}

/** Records those that are protected, and counts the others. @throws OverLimit, Paused */
export async function expectTargets(ledger: LedgerPort, spec: ExpectSpec): Promise<Expected> {
  const { kind, verb = DEFAULT_VERB } = spec;
  const ids = [...new Set(spec.ids)];
  ledger.stop.throwIfAborted();
  if ([kind, verb, ...ids].some((name) => ledger.isRedacted(name))) {
    throw new RunbookError({
      code: 'E_TARGET_REDACTED',
      message: `A ${kind} to ${verb} is named by something that looks like a secret, which the journal does not keep`,
      hint: 'Name the target by an id that is no secret',
    });
  }
  const verdicts = await ledger.judge(ids.map((id) => ({ kind, id })));
  const results = ids.flatMap((id) => {
    const error = verdicts.get(id);
    if (error === undefined) return [];
    const known = ledger.changes.get(keyOf(ledger, { kind, verb }, id));
    const isRecorded = known?.outcome === 'protected' && known.error === error;
    return isRecorded ? [] : [{ id, outcome: 'protected' as const, error }];
  });
  if (results.length > 0) await ledger.settle({ kind, verb, round: ledger.round, results });
  const allowed = ids.filter((id) => !verdicts.has(id));
  // Whom they belong to is known to the reader alone: the action names none.
  const described = ledger.wantsOwners(kind) && allowed.length > 0 ? await ledger.describe(kind, allowed) : undefined;
  const targets = allowed.map((id) => ({ kind, verb, id, ...ownerOf(described?.get(id) ?? {}) }));
  if (ledger.isPlanning) {
    ledger.expected(targets);
    return { ids: allowed, release: () => undefined };
  }
  ledger.authorize(targets);
  return { ids: allowed, release: ledger.count(targets) };
}
