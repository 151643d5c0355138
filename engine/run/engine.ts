// What every part of the shell is handed: the options of a run with what is derived from them once.
import type { Action, ActionContext, Effect } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { ActionStep, Plan } from '../playbook/plan.ts';
import { createValueValidator, type ValueValidator } from '../playbook/validate-value.ts';
import type { Journal, Redactor } from '../store/journal.ts';
import type { Clock } from './clock.ts';
import { createOutputStore } from './outputs.ts';
import type { People } from './people.ts';
import { indexPaths, type ScopeSource } from './scope.ts';
import type { Secrets } from './secrets.ts';
import type { RunSession } from './session.ts';
import type { StepState } from './state.ts';

export interface EngineOptions {
  readonly plan: Plan;
  readonly session: RunSession;
  readonly journal: Journal;
  readonly actions: ReadonlyMap<string, Action>;
  readonly people: People;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly secrets: Secrets;
  readonly redactor: Redactor;
  /** The environment that actions may read. */
  readonly env: { readonly [name: string]: string | undefined };
  /** Aborted by the operator (Ctrl-C): pause at the next safe point. */
  readonly pause: AbortSignal;
  /**
   * True: with only people's answers outstanding, stay and watch for them (a terminal where `approve` may be typed
   * elsewhere). False: pause and return.
   */
  readonly waitsForOthers: boolean;
  /** The engine's version, for the journal. */
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** Who takes the run up here. */
  readonly operator: string;
  /**
   * How long what is in flight may go on after a pause or an abort before it is cut off, milliseconds. Absent: the time
   * limit of one request and a little more.
   */
  readonly settleWithinMs?: number;
}

export interface Engine extends EngineOptions {
  readonly scope: ScopeSource;
  readonly validator: ValueValidator;
}

export function createEngine(options: EngineOptions): Engine {
  const { plan, session } = options;
  return {
    ...options,
    validator: createValueValidator(),
    scope: {
      plan,
      state: session.state,
      runId: session.runId,
      pathById: indexPaths(plan),
      outputs: createOutputStore({ journal: options.journal, redactor: options.redactor, runId: session.runId }),
    },
  };
}

/** @throws E_ACTION_MISSING */
export function actionOf(engine: Engine, node: ActionStep): Action {
  const action = engine.actions.get(node.uses);
  if (action) return action;
  throw new RunbookError({
    code: 'E_ACTION_MISSING',
    message: `${node.path} uses ${node.uses}, which this engine does not have`,
    hint: 'The run was started with a set of actions that is not installed here',
    location: node.location,
  });
}

export function effectOf(action: Action, node: ActionStep): Effect {
  return action.effect === 'playbook' ? (node.effect ?? 'read') : action.effect;
}

export function runFacts(engine: Engine, step: StepState, attempt: number): ActionContext['run'] {
  const { state, runId } = engine.session;
  return {
    id: runId,
    playbook: engine.plan.name,
    step: step.path,
    attempt,
    isDrill: state.created?.drill !== undefined,
    startedAt: state.createdAt,
  };
}
