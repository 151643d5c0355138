// `undo` of a step: the action that takes its changes back, with what it is given.
import type { Effect } from '../action.ts';
import { isJsonObject } from '../json.ts';
import { compileValue } from './compile-expressions.ts';
import type { StepDraft } from './index-steps.ts';
import type { ActionStep } from './plan.ts';
import { textAt } from './read.ts';
import { NO_SECRETS_IN_UNDO, type Place } from './scope.ts';
import type { StepsOptions } from './step-options.ts';
import { checkActionName, checkSecretsNamed } from './step-rules.ts';
import { checkFit } from './template-fit.ts';

/** @param place where `output` is what the step gave. */
export function compileUndo(
  { step, path, info }: StepDraft,
  effect: Effect | undefined,
  place: Place,
  options: StepsOptions,
): ActionStep['undo'] | undefined {
  const { undo } = step;
  if (!isJsonObject(undo)) return undefined;
  const { source, collector, scope, validator, actions, reads } = options;
  const undoPath = [...path, 'undo'];
  if (effect === 'read') {
    const hint = 'remove it';
    const message = `\`${info.id}\` only reads: there is nothing to undo`;
    collector.warn(source.locateKey(undoPath), 'W_PLAYBOOK_NEEDLESS_UNDO', message, hint);
  }
  const rules = { step: undo, path: undoPath, source, collector };
  checkActionName(rules, actions);
  const uses = textAt(undo, 'uses') ?? '';
  const action = actions.get(uses);
  checkSecretsNamed(rules, action, options.secrets);
  const withPath = 'with' in undo ? [...undoPath, 'with'] : [...undoPath, 'uses'];
  const input = compileValue(undo.with ?? {}, withPath, { ...place, secrets: NO_SECRETS_IN_UNDO }, options);
  if (input === undefined) return undefined;
  // It may be asked for long after the step: its output must be kept.
  if (input.readsOwnOutput) reads.read.add(info.id);
  if (action !== undefined) {
    const { name: of, input: schema } = action;
    const code = 'E_PLAYBOOK_WITH';
    checkFit({ template: input, schema, path: withPath, of, source, scope, validator, collector, code });
  }
  return { uses, with: input };
}
