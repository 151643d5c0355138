// The second pass: every expression and template of the steps, checked, as nodes of the plan.
import type { Action } from '../action.ts';
import type { Json } from '../json.ts';
import { compileCall } from './compile-call.ts';
import { compileCondition, compileValue } from './compile-expressions.ts';
import { checkDefault } from './compile-inputs.ts';
import { compileLoop } from './compile-loop.ts';
import { compileUndo } from './compile-undo.ts';
import { NO_FACTS, union } from './facts.ts';
import type { StepDraft } from './index-steps.ts';
import { noteReads } from './output-reads.ts';
import type { ActionStep, Expression, GroupStep, ManualField, ManualStep, PlanNode } from './plan.ts';
import { approvalOf, durationAt, listAt, onFailureOf, parallelOf, retryOf, textAt, textsAt } from './read.ts';
import { objectSchema } from './schema-shape.ts';
import { type Place, SECRETS_ONLY_IN_WITH } from './scope.ts';
import { secretsIn } from './secret-checks.ts';
import type { Path } from './source.ts';
import type { Around, Base, StepsOptions } from './step-options.ts';
import {
  checkActionName,
  checkApproval,
  checkFinally,
  checkLoopKeys,
  checkPolling,
  checkSecretsNamed,
  checkTemporary,
  effectOf,
} from './step-rules.ts';
import { checkFit } from './template-fit.ts';
import { type CheckedTemplate, compileTemplate } from './templates.ts';

/** @returns the node, or undefined where a part of it does not check (all of it is reported). */
export function compileStep(
  draft: StepDraft,
  index: number,
  around: Around,
  options: StepsOptions,
): PlanNode | undefined {
  const { step, path, info } = draft;
  const { source, collector } = options;
  const place: Place = { reader: info, secrets: SECRETS_ONLY_IN_WITH, ...around };
  const when = 'when' in step ? compileCondition(step.when ?? null, [...path, 'when'], place, options) : undefined;
  if (when?.constant === false) {
    collector.warn(
      source.locate([...path, 'when']),
      'W_PLAYBOOK_UNREACHABLE',
      `\`${info.id}\` never runs: its \`when\` is always false`,
      'remove the step, or the condition',
    );
  }
  checkLoopKeys({ step, path, source, collector });
  if (info.region === 'finally') checkFinally({ step, path, source, collector }, draft.callee);
  const inside: Place = { ...place, facts: union(around.facts, when?.facts ?? NO_FACTS) };
  const base: Base = {
    id: info.id,
    path: draft.nodePath,
    unit: '',
    index,
    title: textAt(step, 'title') ?? info.id,
    tags: textsAt(step, 'tags'),
    location: source.locate(path).location,
    onFailure: onFailureOf(step),
    isOutputRead: false,
    isOutputNeeded: false,
    ...(draft.output === undefined ? {} : { output: draft.output }),
  };
  if (info.isLoop) {
    const shell = when === undefined ? base : { ...base, when };
    return compileLoop(draft, shell, inside, { ...options, body: (own) => compileKind(draft, base, own, options) });
  }
  return compileKind(draft, when === undefined ? base : { ...base, when }, inside, options);
}

/** The step's own kind, without its loop. */
function compileKind(draft: StepDraft, base: Base, place: Place, options: StepsOptions): PlanNode | undefined {
  switch (draft.kind) {
    case 'uses':
      return compileAction(draft, base, place, options);
    case 'manual':
      return compileManual(draft, base, place, options);
    case 'group':
      return compileGroup(draft, base, place, options);
    case 'call':
      return compileCall(draft, base, place, options);
  }
}

function compileAction(draft: StepDraft, base: Base, place: Place, options: StepsOptions): ActionStep | undefined {
  const { step, path, action } = draft;
  const { source, collector, scope, validator } = options;
  const rules = { step, path, source, collector };
  checkActionName(rules, options.actions);
  checkPolling(rules);
  const effect = effectOf(rules, action);
  checkApproval(rules, effect);
  checkSecretsNamed(rules, action, options.secrets);
  const withPath = 'with' in step ? [...path, 'with'] : [...path, 'uses'];
  const input = compileWith(step.with ?? {}, withPath, { place, action }, options);
  if (input !== undefined && action !== undefined) {
    checkFit({
      template: input,
      schema: action.input,
      path: withPath,
      of: action.name,
      source,
      scope,
      validator,
      collector,
      code: 'E_PLAYBOOK_WITH',
    });
  }
  const own: Place = { ...place, output: draft.output ?? {} };
  const until = 'until' in step ? compileCondition(step.until ?? null, [...path, 'until'], own, options) : undefined;
  const assert = conditions(draft, own, options);
  const undo = compileUndo(draft, effect, own, options);
  checkTemporary(rules, effect, action);
  const target = 'target' in step ? compileTarget(step.target ?? {}, [...path, 'target'], place, options) : undefined;
  if (input === undefined) return undefined;
  const retry = retryOf(step);
  const everyMs = durationAt(step, 'every');
  const timeoutMs = durationAt(step, 'timeout');
  const temporaryMs = durationAt(step, 'temporary');
  return {
    ...base,
    kind: 'uses',
    uses: textAt(step, 'uses') ?? '',
    with: input,
    assert,
    ...approvalOf(step),
    ...(retry === undefined ? {} : { retry }),
    ...(until === undefined ? {} : { until }),
    ...(everyMs === undefined ? {} : { everyMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(action?.effect === 'playbook' && effect !== undefined ? { effect } : {}),
    ...(target === undefined ? {} : { target }),
    ...(undo === undefined ? {} : { undo }),
    ...(temporaryMs === undefined ? {} : { temporaryMs }),
  };
}

const TARGET = objectSchema({ kind: { type: 'string' }, id: { type: 'string' } });

/** Its shape is the schema check's; what its expressions give is text. */
function compileTarget(value: Json, path: Path, place: Place, options: StepsOptions): CheckedTemplate | undefined {
  const { source, scope, collector, validator } = options;
  const target = compileValue(value, path, place, options);
  if (target === undefined || target.isConstant) return target;
  const code = 'E_PLAYBOOK_EFFECT';
  checkFit({ template: target, schema: TARGET, path, of: 'target', source, scope, validator, collector, code });
  return target;
}

/** Secrets may stand in `with`, but not where the action shows an input to others. */
function compileWith(
  value: Json,
  path: Path,
  { place, action }: { readonly place: Place; readonly action: Action | undefined },
  { source, scope, collector, reads }: StepsOptions,
): CheckedTemplate | undefined {
  const secretsAt = (at: Path) => secretsIn(action, at);
  const compiled = compileTemplate({ value, path, source, place, secretsAt, scope, collector });
  noteReads(compiled, reads);
  return compiled;
}

function compileManual(draft: StepDraft, base: Base, place: Place, options: StepsOptions): ManualStep | undefined {
  const { step, path } = draft;
  const text = compileValue(step.manual ?? '', [...path, 'manual'], place, options);
  const fields = draft.fields.map((own): ManualField => {
    const defaultPath = [...own.path, 'default'];
    const value = own.default === undefined ? undefined : compileValue(own.default, defaultPath, place, options);
    const { source, scope, collector, validator } = options;
    if (value?.isConstant) checkDefault(own, source, collector, validator);
    else if (value !== undefined) {
      checkFit({
        template: value,
        schema: own.schema,
        path: defaultPath,
        of: `the default of \`${own.name}\``,
        source,
        scope,
        validator,
        collector,
        code: 'E_PLAYBOOK_DEFAULT',
      });
    }
    return {
      name: own.name,
      schema: own.schema,
      required: own.isPresent,
      ...(value === undefined ? {} : { default: value }),
    };
  });
  const assert = conditions(draft, { ...place, output: draft.output ?? {} }, options);
  const { approval } = approvalOf(step);
  if (text === undefined) return undefined;
  return {
    ...base,
    kind: 'manual',
    text,
    fields,
    evidence: step.evidence === 'required' ? 'required' : 'optional',
    assert,
    ...(approval === undefined ? {} : { approval }),
  };
}

function compileGroup(draft: StepDraft, base: Base, place: Place, options: StepsOptions): GroupStep {
  const around: Around =
    place.locals === undefined ? { facts: place.facts } : { facts: place.facts, locals: place.locals };
  const steps = draft.children.flatMap((child, index) => compileStep(child, index, around, options) ?? []);
  const timeoutMs = durationAt(draft.step, 'timeout');
  return {
    ...base,
    kind: 'group',
    steps,
    parallel: parallelOf(draft.step, steps.length),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

function conditions({ step, path }: StepDraft, place: Place, options: StepsOptions): Expression[] {
  return listAt(step, 'assert').flatMap(
    (one, index) => compileCondition(one, [...path, 'assert', index], place, options) ?? [],
  );
}
