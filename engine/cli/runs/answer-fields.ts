// The fields of an answer given by a command. A default that the person did not see is never taken silently.
import { RunbookError } from '../../errors.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { ManualField, ManualStep } from '../../playbook/plan.ts';
import { isSecret } from '../../playbook/secret-fields.ts';
import { createValueValidator } from '../../playbook/validate-value.ts';
import { shortValue } from '../../report/short-value.ts';
import { checkAnswer, resolveDefaults } from '../../run/manual.ts';
import { createOutputStore } from '../../run/outputs.ts';
import { nodeAt } from '../../run/paths.ts';
import type { ScopeSource } from '../../run/scope.ts';
import { shellWord } from '../../ui/text.ts';
import type { App } from '../app.ts';
import type { Given } from './given-values.ts';
import type { OpenedRun } from './open-run.ts';

export interface AnswerRequest {
  readonly step: string;
  readonly given: Given;
  readonly takesDefaults: boolean;
}

/** What resolves texts and defaults of a run's steps. */
export function scopeSource(app: App, { journal, plan, state, runId }: OpenedRun): ScopeSource {
  const outputs = createOutputStore({ journal, redactor: app.redactor, runId });
  return { plan, state, runId, outputs };
}

/**
 * Asks for what was not given where there is a terminal.
 * @throws E_STEP_KIND, E_FIELD_SECRET, E_FIELD_DEFAULT where defaults would be taken unseen, E_FIELD_INVALID
 */
export async function answerFields(app: App, opened: OpenedRun, request: AnswerRequest): Promise<JsonObject> {
  const { step, takesDefaults } = request;
  const node = nodeAt(opened.plan, step);
  if (node?.kind !== 'manual') {
    throw new RunbookError({
      code: 'E_STEP_KIND',
      message: `${step} is not a manual step: the engine does it`,
      hint: 'If it waits for approval: runbook approve',
    });
  }
  refuseSecrets(opened, node, request.given);
  const scope = scopeSource(app, opened);
  const defaults = await resolveDefaults(scope, node);
  const isAsked = app.terminal.isInteractive && !app.isJson && !takesDefaults;
  const given = isAsked ? await askRest(node, request.given, defaults) : request.given;
  const checked = await checkAnswer({ scope, validator: createValueValidator() }, node, given);
  const command = `runbook done ${shellWord(opened.runId)} ${shellWord(step)}`;
  if ('problems' in checked) {
    throw new RunbookError({
      code: 'E_FIELD_INVALID',
      message: `The answer does not fit\n${checked.problems.map((problem) => `  ${problem}`).join('\n')}`,
      hint: command + node.fields.map((field) => ` --field ${field.name}=VALUE`).join(''),
    });
  }
  if (!isAsked && !takesDefaults) refuseUnseen(node, { given, defaults, command });
  return checked.fields;
}

/** This process may not be the one that works on the run, and there is nowhere to leave a secret for that one. */
function refuseSecrets({ runId }: OpenedRun, { path, fields }: ManualStep, given: Given): void {
  const field = fields.find(
    ({ name, schema, required }) => isSecret(schema) && (required || Object.hasOwn(given, name)),
  );
  if (field === undefined) return;
  throw new RunbookError({
    code: 'E_FIELD_SECRET',
    message: `${path} asks for \`${field.name}\`, which is secret: it is never recorded, so only the process that works on the run can take it`,
    hint: `Answer where the run is shown, or let a terminal ask: runbook resume ${shellWord(runId)}`,
  });
}

async function askRest(node: ManualStep, given: Given, defaults: JsonObject): Promise<Given> {
  const rest = node.fields.filter((field) => !Object.hasOwn(given, field.name) && !isSecret(field.schema));
  const { askValue } = await import('../../ui/ask-value.ts');
  const answered: { [name: string]: Json } = { ...given };
  const { signal } = new AbortController();
  for (const { name, schema, required } of rest) {
    const value = await askValue({ name, schema, isRequired: required, default: defaults[name], signal });
    if (value !== undefined) answered[name] = value;
  }
  return answered;
}

function refuseUnseen(
  { path, fields }: ManualStep,
  { given, defaults, command }: { readonly given: Given; readonly defaults: JsonObject; readonly command: string },
): void {
  const unseen = fields.filter(({ name }) => !Object.hasOwn(given, name) && defaults[name] !== undefined);
  if (unseen.length === 0) return;
  const line = ({ name }: ManualField): string => `  ${name} would be ${shortValue(defaults[name] ?? null)}`;
  throw new RunbookError({
    code: 'E_FIELD_DEFAULT',
    message: `${path}: nothing was recorded, because defaults would stand for what you did not give\n${unseen.map(line).join('\n')}`,
    hint:
      `Give them: ${command}${fields.map(({ name }) => ` --field ${name}=VALUE`).join('')}\n` +
      '         or repeat your command with --yes to take these values',
  });
}

/** What was recorded, a line a field. */
export function recordedLines(fields: JsonObject): string[] {
  return Object.entries(fields).map(([name, value]) => `  ${name} = ${shortValue(value)}`);
}
