// The second pass: every expression and template of the steps, checked, as nodes of the plan.
import type { Action } from '../action.ts';
import type { Json } from '../json.ts';
import type { Collector } from './collector.ts';
import { checkDefault } from './compile-inputs.ts';
import { type CheckedExpression, compileExpression } from './expressions.ts';
import { type Facts, NO_FACTS, union } from './facts.ts';
import type { StepDraft } from './index-steps.ts';
import type { ActionStep, Expression, GroupStep, ManualField, ManualStep, PlanNode } from './plan.ts';
import { approvalOf, durationAt, listAt, onFailureOf, parallelOf, retryOf, textAt, textsAt } from './read.ts';
import { type Place, type PlaybookScope, SECRETS_ONLY_IN_WITH } from './scope.ts';
import { secretsIn } from './secret-checks.ts';
import type { Path, Source } from './source.ts';
import { checkActionName, checkApproval, checkPolling, checkSecretsNamed, effectOf } from './step-rules.ts';
import { checkFit } from './template-fit.ts';
import { type CheckedTemplate, compileTemplate } from './templates.ts';
import type { ValueValidator } from './validate-value.ts';

export interface StepsOptions {
  readonly source: Source;
  readonly scope: PlaybookScope;
  readonly collector: Collector;
  readonly validator: ValueValidator;
  readonly actions: ReadonlyMap<string, Action>;
  readonly secrets: readonly string[];
  /** Filled: ids of steps whose output some expression reads. */
  readonly outputsRead: Set<string>;
}

/** @returns the node, or undefined where a part of it does not check (all of it is reported). */
export function compileStep(
  draft: StepDraft,
  index: number,
  facts: Facts,
  options: StepsOptions,
): PlanNode | undefined {
  const { step, path, info } = draft;
  const place: Place = { reader: info, secrets: SECRETS_ONLY_IN_WITH, facts };
  const when = 'when' in step ? condition(step.when ?? null, [...path, 'when'], place, options) : undefined;
  if (when?.constant === false) {
    options.collector.warn(
      options.source.locate([...path, 'when']),
      'W_PLAYBOOK_UNREACHABLE',
      `\`${info.id}\` never runs: its \`when\` is always false`,
      'remove the step, or the condition',
    );
  }
  const inside: Place = { ...place, facts: union(facts, when?.facts ?? NO_FACTS) };
  const base = {
    id: info.id,
    path: info.path,
    index,
    title: textAt(step, 'title') ?? info.id,
    tags: textsAt(step, 'tags'),
    location: options.source.locate(path).location,
    onFailure: onFailureOf(step),
    isOutputRead: false,
    ...(when === undefined ? {} : { when }),
  };
  switch (draft.kind) {
    case 'uses':
      return compileAction(draft, base, inside, options);
    case 'manual':
      return compileManual(draft, base, inside, options);
    case 'group':
      return compileGroup(draft, base, inside, options);
  }
}

type Base = Omit<GroupStep, 'kind' | 'steps' | 'parallel'>;

function compileAction(draft: StepDraft, base: Base, place: Place, options: StepsOptions): ActionStep | undefined {
  const { step, path, action, info } = draft;
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
  const own: Place = { ...place, output: info.output ?? {} };
  const until = 'until' in step ? condition(step.until ?? null, [...path, 'until'], own, options) : undefined;
  const assert = conditions(draft, own, options);
  const target = 'target' in step ? template(step.target ?? {}, [...path, 'target'], place, options) : undefined;
  if (input === undefined) return undefined;
  const retry = retryOf(step);
  const everyMs = durationAt(step, 'every');
  const timeoutMs = durationAt(step, 'timeout');
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
  };
}

/** Secrets may stand in `with`, but not where the action shows an input to others. */
function compileWith(
  value: Json,
  path: Path,
  { place, action }: { readonly place: Place; readonly action: Action | undefined },
  { source, scope, collector, outputsRead }: StepsOptions,
): CheckedTemplate | undefined {
  const secretsAt = (at: Path) => secretsIn(action, at);
  const compiled = compileTemplate({ value, path, source, place, secretsAt, scope, collector });
  for (const id of compiled?.readsOutputs ?? []) outputsRead.add(id);
  return compiled;
}

function compileManual(draft: StepDraft, base: Base, place: Place, options: StepsOptions): ManualStep | undefined {
  const { step, path, info } = draft;
  const text = template(step.manual ?? '', [...path, 'manual'], place, options);
  const fields = draft.fields.map((own): ManualField => {
    const defaultPath = [...own.path, 'default'];
    const value = own.default === undefined ? undefined : template(own.default, defaultPath, place, options);
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
  const assert = conditions(draft, { ...place, output: info.output ?? {} }, options);
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
  const steps = draft.children.flatMap((child, index) => compileStep(child, index, place.facts, options) ?? []);
  return { ...base, kind: 'group', steps, parallel: parallelOf(draft.step, steps.length) };
}

function conditions({ step, path }: StepDraft, place: Place, options: StepsOptions): Expression[] {
  return listAt(step, 'assert').flatMap(
    (one, index) => condition(one, [...path, 'assert', index], place, options) ?? [],
  );
}

/** A bare CEL condition. Reports where it is no text, or wrapped as a template. */
function condition(written: Json, path: Path, place: Place, options: StepsOptions): CheckedExpression | undefined {
  const { source, scope, collector, outputsRead } = options;
  // A wrong type is the schema check's to report.
  if (typeof written !== 'string' && typeof written !== 'boolean') return undefined;
  const text = String(written);
  if (/^\s*\$\{\{/.test(text)) {
    collector.error(
      source.locate(path),
      'E_PLAYBOOK_EXPRESSION',
      'Here the expression stands bare',
      'remove the braces around it',
    );
    return undefined;
  }
  const compiled = compileExpression({
    source: text,
    inside: source.inside(path),
    place,
    scope,
    collector,
    expects: 'bool',
  });
  for (const id of compiled?.readsOutputs ?? []) outputsRead.add(id);
  return compiled;
}

function template(value: Json, path: Path, place: Place, options: StepsOptions): CheckedTemplate | undefined {
  const { source, scope, collector, outputsRead } = options;
  const compiled = compileTemplate({ value, path, source, place, scope, collector });
  for (const id of compiled?.readsOutputs ?? []) outputsRead.add(id);
  return compiled;
}
