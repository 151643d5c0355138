// `playbook`: the inputs of the playbook that is called. Its steps are filled in when the plan is made (mount.ts).
import type { StepDraft } from './index-steps.ts';
import { noteReads } from './output-reads.ts';
import type { CallStep } from './plan.ts';
import { durationAt } from './read.ts';
import { propertyOf } from './schema-shape.ts';
import { type Place, SECRETS_ALLOWED, SECRETS_AS_SECRET_INPUTS, type SecretsRule } from './scope.ts';
import { isSecret } from './secret-fields.ts';
import type { Path } from './source.ts';
import type { Base, StepsOptions } from './step-options.ts';
import { checkFit } from './template-fit.ts';
import { compileTemplate } from './templates.ts';
import type { Callee } from './units.ts';

export function compileCall(draft: StepDraft, base: Base, place: Place, options: StepsOptions): CallStep | undefined {
  const { step, path, callee } = draft;
  const { source, scope, validator, collector } = options;
  const withPath = 'with' in step ? [...path, 'with'] : [...path, 'playbook'];
  const input = compileTemplate({
    value: step.with ?? {},
    path: withPath,
    source,
    place,
    secretsAt: (at) => secretsIn(callee, at),
    scope,
    collector,
  });
  noteReads(input, options.reads);
  if (input === undefined || callee === undefined) return undefined;
  const code = 'E_PLAYBOOK_WITH';
  const { name: of, input: schema } = callee;
  checkFit({ template: input, schema, path: withPath, of, source, scope, validator, collector, code });
  options.calls.set(draft.nodePath, callee.unit);
  const timeoutMs = shorter(durationAt(step, 'timeout'), callee.timeoutMs);
  return {
    ...base,
    kind: 'call',
    playbook: callee.name,
    with: input,
    steps: [],
    parallel: 1,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

function secretsIn(callee: Callee | undefined, [name, ...inner]: Path): SecretsRule {
  const input = callee === undefined || typeof name !== 'string' ? undefined : propertyOf(callee.input, name);
  return input !== undefined && inner.length === 0 && isSecret(input) ? SECRETS_ALLOWED : SECRETS_AS_SECRET_INPUTS;
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
