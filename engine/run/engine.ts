// What every part of the shell is handed: the options of a run with what is derived from them once.
import type { Action, ActionContext, Effect } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { ActionStep, Plan } from '../playbook/plan.ts';
import { createValueValidator, type ValueValidator } from '../playbook/validate-value.ts';
import type { Journal, Redactor } from '../store/journal.ts';
import type { TemplateSource } from '../templates/names.ts';
import type { Clock } from './clock.ts';
import type { DatabaseSettings } from './database.ts';
import { createOutputStore } from './outputs.ts';
import type { People } from './people.ts';
import type { RunRules } from './rules.ts';
import type { ScopeSource } from './scope.ts';
import type { Secrets } from './secrets.ts';
import { type LeftOut, leftOut } from './selection.ts';
import type { RunSession } from './session.ts';
import type { StepState, UndoState } from './state.ts';
import { type TouchedTargets, touchedTargets } from './touched-targets.ts';
import type { UndoOrder } from './undo-batches.ts';
import { createVault, type Vault } from './vault.ts';

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
  /** The project's templates and the engine's own, for those that the run has not pinned. Absent: there are none. */
  readonly templateSource?: TemplateSource;
  /**
   * Values of secret fields that this process has already; it tells the redactor of those that come. Absent: an empty one,
   * of which no redactor knows.
   */
  readonly vault?: Vault;
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
  /** Which of these targets another open run has changed too, by `[kind, id]` as JSON: its run. For undo. */
  readonly heldElsewhere?: (
    targets: readonly { readonly kind: string; readonly id: string }[],
  ) => Promise<ReadonlyMap<string, string>>;
  /** Limits and protection of the project and its environment. */
  readonly rules?: RunRules;
  /** What the project says of the team's own database. */
  readonly database?: DatabaseSettings;
  /** SHA-256 of an action's source, so that a run notes what it ran, and a resume sees that it changed. */
  readonly actionDigest?: (name: string) => string | undefined;
  /** Ask before each step. Absent: where the run was started so. */
  readonly confirmsEach?: boolean;
  /** Return where no undo is under way any more: the run's own steps are left as they stand. */
  readonly endsWithUndo?: boolean;
}

export interface Engine extends EngineOptions {
  readonly scope: ScopeSource;
  readonly vault: Vault;
  /** By handle: secrets that are being asked for. */
  readonly asking: Map<string, Promise<void>>;
  /** By path: what a step waits for that no event tells of, for only this process can get it. */
  readonly localWaits: Map<string, string>;
  /** By static path: what the operator left out. */
  readonly leftOut: ReadonlyMap<string, LeftOut>;
  readonly validator: ValueValidator;
  /** What an undo still has to look at. */
  readonly undoOrders: WeakMap<UndoState, UndoOrder>;
  readonly touched: TouchedTargets;
}

export function createEngine(options: EngineOptions): Engine {
  const { plan, session } = options;
  const selection = session.state.created?.selection;
  return {
    ...options,
    vault: options.vault ?? createVault(() => undefined),
    asking: new Map(),
    localWaits: new Map(),
    leftOut: selection === undefined ? new Map() : leftOut(plan, selection),
    validator: createValueValidator(),
    undoOrders: new WeakMap(),
    touched: touchedTargets(session),
    scope: {
      plan,
      state: session.state,
      runId: session.runId,
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

export function runFacts(
  engine: Engine,
  step: StepState,
  { attempt, round }: { readonly attempt: number; readonly round: number },
): ActionContext['run'] {
  const { state, runId } = engine.session;
  return {
    id: runId,
    playbook: engine.plan.name,
    step: step.path,
    attempt,
    round,
    redo: step.redos ?? 0,
    isDrill: state.created?.drill !== undefined,
    startedAt: state.createdAt,
  };
}
