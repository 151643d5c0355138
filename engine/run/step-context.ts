// The context of one step's action, for an attempt and for an approval's plan alike.
import type { Action } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ActionStep } from '../playbook/plan.ts';
import { findRedactionMarker } from '../redact.ts';
import { type ContextOptions, createContext, type OpenContext } from './context.ts';
import { type Engine, effectOf, runFacts } from './engine.ts';
import { scopeFor } from './scope.ts';
import type { StepState } from './state.ts';
import type { StepLedger } from './step-ledger.ts';
import type { StopControl } from './stop.ts';

export interface StepContextOptions extends Pick<ContextOptions, 'onProgress' | 'onLog'> {
  readonly node: ActionStep;
  readonly action: Action;
  readonly step: StepState;
  readonly ledger: StepLedger;
  readonly control: StopControl;
}

/** @throws E_STEP_TARGET, E_INPUT_REDACTED, E_EXPRESSION */
export async function openStepContext(engine: Engine, options: StepContextOptions): Promise<OpenContext> {
  const { node, action, step, ledger, control, onProgress, onLog } = options;
  const target = await resolveTarget(engine, node);
  return createContext({
    action,
    effect: effectOf(action, node),
    ...(target === undefined ? {} : { target }),
    run: runFacts(engine, step, ledger.attempt),
    ledger,
    isRedacted: (text) => engine.redactor.text(text) !== text,
    secrets: engine.secrets,
    env: engine.env,
    clock: engine.clock,
    stop: control.stop,
    cut: control.cut,
    proveLease: () => engine.session.proveLease(),
    onProgress,
    onLog,
  });
}

async function resolveTarget(engine: Engine, node: ActionStep): Promise<{ kind: string; id: string } | undefined> {
  if (!node.target) return undefined;
  const value = node.target.resolve(await scopeFor(engine.scope, node.target));
  const { kind, id } = (value ?? {}) as JsonObject;
  const marker = findRedactionMarker(value);
  if (marker !== undefined) {
    throw new RunbookError({
      code: 'E_INPUT_REDACTED',
      message: `${node.path}: the target's ${marker} holds a redacted value, which names nothing`,
      hint: 'Name the target by an id that is no secret',
      location: node.target.location,
    });
  }
  if (typeof kind === 'string' && typeof id === 'string') return { kind, id };
  throw new RunbookError({
    code: 'E_STEP_TARGET',
    message: `${node.path}: target must give kind and id as text`,
    location: node.target.location,
  });
}
