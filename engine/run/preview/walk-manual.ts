// A manual step: what a person would be asked, answered from what was written down before, else by its defaults.
import type { Json, JsonObject } from '../../json.ts';
import { validateFields } from '../../playbook/fields.ts';
import type { ManualStep } from '../../playbook/plan.ts';
import { errorFact } from '../attempt-end.ts';
import { actorName, type ManualRequest } from '../people.ts';
import { scopeFor } from '../scope.ts';
import { needsOutputOf } from '../step-readers.ts';
import { learnNamed, seal, sealNamed } from '../vault.ts';
import type { PlannedField, PlannedStep } from './result.ts';
import { failStep, forgetMaybe, type StepBase, takeTurn, type Walk, whyOf } from './walk.ts';

export async function visitManual(walk: Walk, node: ManualStep, isMaybe: boolean): Promise<PlannedStep> {
  const turn = await takeTurn(walk, node, { isMaybe });
  if (turn.kind === 'over') return turn.planned;
  const planned = await askStep(walk, node, turn.base);
  if (turn.base.when?.holds === null) forgetMaybe(walk, node, `whether ${turn.base.path} is asked is not known`);
  return planned;
}

async function askStep(walk: Walk, node: ManualStep, base: StepBase): Promise<PlannedStep> {
  const { engine } = walk;
  try {
    const { text, defaults, open } = await resolveQuestion(walk, node);
    const request = { step: node, path: node.path, text, defaults, check: await checkOf(walk, node, defaults, open) };
    const answer = await engine.people.manual(request, walk.stop);
    if (answer.kind === 'skip') return await skip(walk, node, base, `${actorName(answer.actor)}: ${answer.reason}`);
    if (answer.kind === 'fail')
      return await failStep(walk, node, base, { code: 'E_MANUAL_FAILED', message: answer.reason });
    const isAnswered = answer.kind === 'answered';
    const checked = request.check(isAnswered ? answer.fields : {});
    if ('problems' in checked) {
      // Defaults that do not fit are only offered: a person gives others in the run.
      if (!isAnswered) return await leaveOpen(walk, node, base, text, checked.problems);
      const error = { code: 'E_MANUAL_ANSWER', message: checked.problems.join('; ') };
      return await failStep(walk, node, base, error);
    }
    const sealed = sealNamed(engine.vault, node.fields, checked.fields, node.path);
    const fields = node.fields.map((field): PlannedField => {
      const value = sealed[field.name];
      if (value === undefined)
        return { name: field.name, from: field.required || open.has(field.name) ? 'unknown' : 'none' };
      return { name: field.name, from: isAnswered ? 'answers' : 'default', value };
    });
    noteFields(walk, node, base, fields, open);
    await engine.session.append({
      type: 'step.done',
      actor: 'engine',
      step: node.path,
      data: { output: await engine.scope.outputs.store(sealed), durationMs: 0 },
    });
    const needsEvidence = node.evidence === 'required';
    return {
      ...base,
      verdict: 'asks',
      manual: { text, fields, needsEvidence },
      steps: [],
    };
  } catch (thrown) {
    if (isAnswersError(thrown)) throw thrown;
    return failStep(walk, node, base, errorFact(thrown));
  }
}

async function leaveOpen(
  { engine, unknowns, findings }: Walk,
  node: ManualStep,
  base: StepBase,
  text: string,
  problems: readonly string[],
): Promise<PlannedStep> {
  const why = `its defaults do not fit: ${problems.join('; ')}`;
  unknowns.step(node.path, why, 'output');
  findings.unknowns.push({ path: base.path, what: 'the answers', why });
  const data = { durationMs: 0 };
  await engine.session.append({ type: 'step.done', actor: 'engine', step: node.path, data });
  const fields = node.fields.map(({ name }): PlannedField => ({ name, from: 'unknown' }));
  return { ...base, verdict: 'asks', manual: { text, fields, needsEvidence: node.evidence === 'required' }, steps: [] };
}

/** By field: why its default is not known. */
type Open = ReadonlyMap<string, string>;

async function resolveQuestion(
  { engine, unknowns }: Walk,
  node: ManualStep,
): Promise<{ readonly text: string; readonly defaults: JsonObject; readonly open: Open }> {
  const text = String(node.text.resolve(await scopeFor(engine.scope, node, node.text), unknowns.instead(node)));
  const defaults: { [name: string]: Json } = {};
  const open = new Map<string, string>();
  for (const field of node.fields) {
    if (field.default === undefined) continue;
    const scope = await scopeFor(engine.scope, node, field.default);
    const value = field.default.resolve(
      scope,
      unknowns.instead(node, (read) => open.set(field.name, whyOf(read))),
    );
    if (!open.has(field.name)) defaults[field.name] = value;
  }
  return { text, defaults, open };
}

/** What nobody has answered yet is no problem of a plan; what was answered must fit. */
async function checkOf(
  { engine, unknowns }: Walk,
  step: ManualStep,
  defaults: JsonObject,
  open: Open,
): Promise<ManualRequest['check']> {
  const asserts = await Promise.all(
    step.assert.map(async (assertion) => ({
      assertion,
      isOpen: unknowns.of(assertion, step) !== undefined,
      reads: await scopeFor(engine.scope, step, assertion),
    })),
  );
  return (given) => {
    // What is wrong may be told with its words in it: the redactor knows them first.
    learnNamed(engine.vault, step.fields, given, step.path);
    const { values, errors } = validateFields({ step, given, defaults, validator: engine.validator });
    const wrong = errors.filter(({ code }) => code !== 'E_FIELD_MISSING');
    if (wrong.length > 0) return { problems: wrong.map((error) => error.message) };
    if (errors.length > 0 || step.fields.some(({ name }) => open.has(name) && values[name] === undefined))
      return { fields: values };
    const problems = asserts
      .filter(({ isOpen, assertion, reads }) => !isOpen && assertion.evaluate({ ...reads, output: values }) !== true)
      .map(({ assertion }) => `assert does not hold: ${assertion.source}`);
    return problems.length > 0 ? { problems } : { fields: values };
  };
}

function noteFields(walk: Walk, node: ManualStep, base: StepBase, fields: readonly PlannedField[], open: Open): void {
  const { findings, unknowns } = walk;
  for (const { name, from, value } of fields) {
    if (from === 'default' && value !== undefined) findings.assumed.push({ path: base.path, field: name, value });
    if (from !== 'unknown') continue;
    const why = open.get(name) ?? 'a person answers it in the run, and it has no default';
    unknowns.step(node.path, why, `output.${name}`);
    findings.unknowns.push({ path: base.path, what: `the answer ${name}`, why });
  }
}

async function skip(walk: Walk, node: ManualStep, base: StepBase, text: string): Promise<PlannedStep> {
  const { engine, unknowns, findings, stop } = walk;
  let output: Json | undefined;
  if (needsOutputOf(node) && node.output !== undefined) {
    const schema = node.output;
    const check = (value: Json): string[] =>
      engine.validator.validate(schema, value).map(({ message, path }) => [...path, message].join(': '));
    const given = await engine.people.output({ path: node.path, title: node.title, schema, check }, stop);
    if (given.kind === 'given') output = seal(engine.vault, schema, given.output, node.path);
    else {
      unknowns.step(node.path, `${base.path} is skipped, and a person must say what it would have given`, 'output');
      const why = 'a later step reads it, and the step is skipped';
      findings.unknowns.push({ path: base.path, what: 'the output it would have had', why });
    }
  }
  const stored = output === undefined ? {} : { output: await engine.scope.outputs.store(output) };
  const reason = { kind: 'person' as const, text };
  await engine.session.append({ type: 'step.skipped', actor: 'engine', step: node.path, data: { reason, ...stored } });
  return { ...base, verdict: 'skipped', why: text, steps: [] };
}

/** Answers that do not fit are the fault of their file, not of the step. */
function isAnswersError(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'E_ANSWERS_INVALID';
}
