// The context of one step's action, for an attempt and for an approval's plan alike.
import type { Action } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ActionStep } from '../playbook/plan.ts';
import { findRedactionMarker } from '../redact.ts';
import { type ContextOptions, createContext, type OpenContext } from './context.ts';
import { type Engine, effectOf, runFacts } from './engine.ts';
import { countNothing, limitCounter } from './limits.ts';
import { isUndoPath } from './paths.ts';
import { type ProtectRules, stricterLimits } from './rules.ts';
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

const NOTHING_PROTECTED: ProtectRules = { ids: [], emails: [], domains: [], metadata: [] };

/** @throws E_STEP_TARGET, E_INPUT_REDACTED, E_EXPRESSION */
export async function openStepContext(engine: Engine, options: StepContextOptions): Promise<OpenContext> {
  const { node, action, step, ledger, control, onProgress, onLog } = options;
  const target = await resolveTarget(engine, node);
  const limits = stricterLimits(engine.plan.limits, engine.rules?.limits ?? {});
  // Of a plan nothing is asked, and what takes changes back touches nobody new.
  const isCounted = !ledger.isPlanning && !isUndoPath(step.path);
  const { allowances } = engine.session.state;
  return createContext({
    action,
    effect: effectOf(action, node),
    ...(target === undefined ? {} : { target }),
    run: runFacts(engine, step, ledger),
    ledger,
    protect: engine.rules?.protect ?? NOTHING_PROTECTED,
    count: isCounted ? limitCounter({ limits, allowances, touched: engine.touched }) : countNothing,
    wantsOwners: (kind) => isCounted && [...limits.keys()].some((limited) => limited !== kind),
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
  const value = node.target.resolve(await scopeFor(engine.scope, node, node.target));
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
