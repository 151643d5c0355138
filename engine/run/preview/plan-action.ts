// One action, run with every change planned and none performed. Its reads are made for real.
import { type Action, PermanentFailure, type Target, TargetsUnknown } from '../../action.ts';
import type { Json } from '../../json.ts';
import type { ActionStep } from '../../playbook/plan.ts';
import { problemText } from '../../playbook/validate-value.ts';
import { errorFact, timeoutError } from '../attempt-end.ts';
import { retryDelayMs } from '../decide-step.ts';
import type { Engine } from '../engine.ts';
import type { ErrorFact, EventData, PlannedTarget as Named } from '../events.ts';
import { nodeAt, parentPath } from '../paths.ts';
import type { StepState } from '../state.ts';
import { openStepContext } from '../step-context.ts';
import { planLedger, type StepLedger } from '../step-ledger.ts';
import { StopControl } from '../stop.ts';
import { seal } from '../vault.ts';
import type { PlannedAction, PlannedChanges, PlannedTarget } from './result.ts';
import type { Touched } from './walk.ts';

export interface ActionPlan {
  readonly changes: readonly PlannedChanges[];
  readonly expected: PlannedAction['expected'];
  /** Why it cannot be told what would change. */
  readonly targetsUnknown?: string;
  /** Absent where something would change: what it gives is known only afterwards. */
  readonly output?: Json;
}

/**
 * With the step's `retry` and `timeout`, as in a run.
 * @throws the reason of `stop`; what fails the step comes back as a fact.
 */
export async function planAction(
  engine: Engine,
  of: {
    readonly node: ActionStep;
    readonly action: Action;
    readonly step: StepState;
    readonly inputs: Json;
    /** By what was planned before. */
    readonly touched: Touched;
  },
  stop: AbortSignal,
): Promise<ActionPlan | { readonly error: ErrorFact }> {
  const { node } = of;
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryAction(engine, of, stop);
    } catch (thrown) {
      stop.throwIfAborted();
      const error = thrown instanceof OutOfTime ? timeoutError(node) : errorFact(thrown);
      const isFinal = thrown instanceof OutOfTime || thrown instanceof PermanentFailure;
      if (isFinal || node.retry === undefined || attempt >= node.retry.attempts) return { error };
      await pause(engine, retryDelayMs(node.retry, attempt, engine.random()), stop);
    }
  }
}

class OutOfTime extends Error {}

async function tryAction(
  engine: Engine,
  { node, action, step, inputs, touched }: Parameters<typeof planAction>[1],
  stop: AbortSignal,
): Promise<ActionPlan> {
  const ledger = planLedger(engine.session, step, { attempt: 1, round: 0, isIdempotent: action.idempotent });
  const settled: EventData['change.settled'][] = [];
  const named: Named[] = [];
  const port: StepLedger = {
    ...ledger.port,
    async settle(data) {
      settled.push(data);
      await ledger.port.settle(data);
    },
    expected(targets) {
      named.push(...targets);
      ledger.port.expected(targets);
    },
  };
  const control = new StopControl();
  const cutOff = Promise.withResolvers<never>();
  const onStop = (): void => {
    control.hard('operator');
    cutOff.reject(stop.reason);
  };
  stop.addEventListener('abort', onStop, { once: true });
  const timeoutMs = shortestTimeout(engine, node);
  const disarm =
    timeoutMs === undefined
      ? undefined
      : engine.clock.after(timeoutMs, () => {
          control.hard('timeout');
          cutOff.reject(new OutOfTime());
        });
  const silent = { onProgress: () => undefined, onLog: () => undefined };
  const context = await openStepContext(engine, { node, action, step, inputs, ledger: port, control, ...silent });
  try {
    const result = await Promise.race([context.guard(() => action.run(inputs, context.ctx)), cutOff.promise]);
    const found = { changes: byOutcome(settled, touched), expected: byVerb(named) };
    if (found.changes.some(({ outcome }) => outcome === 'planned' || outcome === 'unknown')) return found;
    return { ...found, output: seal(engine.vault, action.output, checkedOutput(engine, action, result), node.path) };
  } catch (thrown) {
    if (!(thrown instanceof TargetsUnknown)) throw thrown;
    return { changes: byOutcome(settled, touched), expected: byVerb(named), targetsUnknown: thrown.message };
  } finally {
    disarm?.();
    stop.removeEventListener('abort', onStop);
    context.close();
  }
}

/** No longer than its own, nor than any group around it may take. */
function shortestTimeout({ plan }: Engine, node: ActionStep): number | undefined {
  const times = node.timeoutMs === undefined ? [] : [node.timeoutMs];
  for (let path = parentPath(node.path); path !== undefined; path = parentPath(path)) {
    const around = nodeAt(plan, path);
    if ((around?.kind === 'group' || around?.kind === 'call') && around.timeoutMs !== undefined)
      times.push(around.timeoutMs);
  }
  return times.length === 0 ? undefined : Math.min(...times);
}

function checkedOutput(engine: Engine, action: Action, result: Json): Json {
  const value = JSON.parse(JSON.stringify(result ?? null)) as Json;
  const problems = engine.validator.validate(action.output, value);
  if (problems.length === 0) return value;
  const text = problems.map((problem) => problemText(problem)).join('; ');
  throw new PermanentFailure(`${action.name} gave a result that its own output schema refuses: ${text}`);
}

/**
 * A target that was settled twice stands where it was settled last. What is so already, and is touched by a planned change
 * before that, the run may find otherwise.
 */
function byOutcome(settled: readonly EventData['change.settled'][], touched: Touched): readonly PlannedChanges[] {
  const planned = new Set<string>();
  const last = new Map<
    string,
    { kind: string; verb: string; outcome: PlannedChanges['outcome']; target: PlannedTarget }
  >();
  for (const { kind, verb, key, results } of settled) {
    for (const { id, outcome: now, owner, before, error } of results) {
      const name = JSON.stringify([kind, id]);
      const isTouched = planned.has(name) || touched.get(kind)?.has(id) === true;
      if (now === 'planned') planned.add(name);
      const outcome = now === 'already' && isTouched ? 'unknown' : now;
      const target = {
        id,
        ...(owner === undefined ? {} : { owner }),
        ...(before === undefined ? {} : { before }),
        ...(error === undefined ? {} : { error }),
      };
      last.set(JSON.stringify([kind, verb, key ?? '', id]), { kind, verb, outcome, target });
    }
  }
  const groups = new Map<
    string,
    { kind: string; verb: string; outcome: PlannedChanges['outcome']; targets: PlannedTarget[] }
  >();
  for (const { kind, verb, outcome, target } of last.values()) {
    const name = JSON.stringify([kind, verb, outcome]);
    const group = groups.get(name);
    if (group) group.targets.push(target);
    else groups.set(name, { kind, verb, outcome, targets: [target] });
  }
  return [...groups.values()];
}

/** Whom an action said it would work through; each once. */
function byVerb(named: readonly Named[]): PlannedAction['expected'] {
  const groups = new Map<string, { verb: string; kind: string; ids: Set<string>; owners: Map<string, Target> }>();
  for (const { verb, kind, id, owner } of named) {
    const key = JSON.stringify([verb, kind]);
    const group = groups.get(key) ?? { verb, kind, ids: new Set<string>(), owners: new Map<string, Target>() };
    groups.set(key, group);
    group.ids.add(id);
    if (owner !== undefined) group.owners.set(JSON.stringify(owner), owner);
  }
  return [...groups.values()].map(({ ids, owners, ...group }) => ({
    ...group,
    ids: [...ids],
    ...(owners.size === 0 ? {} : { owners: [...owners.values()] }),
  }));
}

async function pause(engine: Engine, ms: number, stop: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onStop = (): void => {
      cancel();
      reject(stop.reason);
    };
    const cancel = engine.clock.after(ms, () => {
      stop.removeEventListener('abort', onStop);
      resolve();
    });
    stop.addEventListener('abort', onStop, { once: true });
  });
}
