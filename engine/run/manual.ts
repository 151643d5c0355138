// Manual steps: asked with their text and defaults resolved, checked, and answered by one event.
import { RunbookError } from '../errors.ts';
import type { JsonObject, Schema } from '../json.ts';
import { validateFields } from '../playbook/fields.ts';
import type { ManualField, ManualStep } from '../playbook/plan.ts';
import { handleOf, isSecret } from '../playbook/secret-fields.ts';
import type { Engine } from './engine.ts';
import type { BlobRef, RunEvent } from './events.ts';
import { isOtherText, manualText } from './manual-text.ts';
import { actorName, type EvidenceFile } from './people.ts';
import { type ScopeSource, scopeFor } from './scope.ts';
import { needsOutputOf } from './step-readers.ts';
import type { StopControl } from './stop.ts';
import { learnNamed, sealNamed } from './vault.ts';

/** Source: design, "Blobs". */
export const MAX_EVIDENCE_BYTES = 100 * 1024 * 1024;

export type CheckedFields = { readonly fields: JsonObject } | { readonly problems: readonly string[] };

/** Fills in defaults, coerces text by schema, checks types and asserts. Secret fields are values, not handles. */
export async function checkAnswer(engine: Checking, node: ManualStep, given: JsonObject): Promise<CheckedFields> {
  return (await answerCheck(engine, node, await resolveDefaults(engine.scope, node)))(given);
}

/** The same of an answer as it was recorded: each secret field is its handle, and nothing else. */
export async function checkSealedAnswer(
  engine: Checking,
  node: ManualStep,
  sealed: JsonObject,
): Promise<CheckedFields> {
  const isSealed = (field: ManualField): boolean => isSecret(field.schema) && sealed[field.name] !== undefined;
  const problems = node.fields
    .filter((field) => isSealed(field) && sealed[field.name] !== handleOf(`${node.path}.${field.name}`))
    .map(({ name }) => `${name} is secret, and was recorded as if it were not`);
  if (problems.length > 0) return { problems };
  const fields = node.fields.map((field) => (isSealed(field) ? { ...field, schema: HANDLE } : field));
  return checkAnswer(engine, { ...node, fields }, sealed);
}

type Checking = Pick<Engine, 'scope' | 'validator'>;
const HANDLE: Schema = { type: 'string' };

/** What its asserts read is loaded once, so that a person may try as often as needed. */
async function answerCheck(
  { scope, validator }: Checking,
  step: ManualStep,
  defaults: JsonObject,
): Promise<(given: JsonObject) => CheckedFields> {
  const asserts = await Promise.all(
    step.assert.map(async (assertion) => ({ assertion, reads: await scopeFor(scope, step, assertion) })),
  );
  return (given) => {
    const { values, errors } = validateFields({ step, given, defaults, validator });
    if (errors.length > 0) return { problems: errors.map((error) => error.message) };
    const problems = asserts
      .filter(({ assertion, reads }) => assertion.evaluate({ ...reads, output: values }) !== true)
      .map(({ assertion }) => `assert does not hold: ${assertion.source}`);
    return problems.length > 0 ? { problems } : { fields: values };
  };
}

export async function resolveDefaults(scope: ScopeSource, node: ManualStep): Promise<JsonObject> {
  const defaults: { [name: string]: JsonObject[string] } = {};
  for (const field of node.fields) {
    if (field.default) defaults[field.name] = field.default.resolve(await scopeFor(scope, node, field.default));
  }
  return defaults;
}

/** What is wrong with an answer may be told with its words in it: the redactor knows them first. */
function learning(
  { vault }: Engine,
  { fields, path }: ManualStep,
  check: (given: JsonObject) => CheckedFields,
): (given: JsonObject) => CheckedFields {
  return (given) => {
    learnNamed(vault, fields, given, path);
    return check(given);
  };
}

export async function askManual(
  engine: Engine,
  node: ManualStep,
  control: StopControl,
): Promise<'finished' | 'parked'> {
  const { session } = engine;
  const text = await manualText(engine.scope, node);
  const step = session.state.steps.get(node.path);
  if (node.approval && isOtherText(step, text)) {
    const reason = 'what is to be done is not what was approved';
    const data = { request: step?.approval?.request ?? 0, scope: 'all', reason } as const;
    await session.append({ type: 'approval.voided', actor: 'engine', step: node.path, data });
    return 'finished';
  }
  const defaults = await resolveDefaults(engine.scope, node);
  const check = learning(engine, node, await answerCheck(engine, node, defaults));
  const answer = await engine.people.manual({ step: node, path: node.path, text, defaults, check }, control.stop);
  if (answer.kind === 'later' || control.stop.aborted) return 'parked';
  const by = actorName(answer.actor);
  const isAnswered = (event: RunEvent): boolean => event.step === node.path && event.type === 'manual.answered';
  const base = { actor: answer.actor, step: node.path } as const;
  if (answer.kind === 'skip') {
    await session.appendUnless(isAnswered, {
      ...base,
      type: 'step.skipped',
      data: {
        reason: { kind: 'person', text: `${by}: ${answer.reason}` },
        ...(needsOutputOf(node) ? { needsOutput: true as const } : {}),
      },
    });
    return 'finished';
  }
  if (answer.kind === 'fail') {
    const error = { code: 'E_MANUAL_FAILED', message: `${by}: ${answer.reason}` };
    await session.appendUnless(isAnswered, {
      ...base,
      type: 'step.failed',
      data: { error, onFailure: node.onFailure },
    });
    return 'finished';
  }
  const checked = check(answer.fields);
  if ('problems' in checked) {
    throw new RunbookError({ code: 'E_MANUAL_ANSWER', message: `${node.path}: ${checked.problems.join('; ')}` });
  }
  const evidence = await storeEvidence(engine, answer.evidence ?? []);
  await session.appendUnless(isAnswered, {
    ...base,
    type: 'manual.answered',
    data: {
      fields: sealNamed(engine.vault, node.fields, checked.fields, node.path),
      evidence,
      by,
      ...(answer.note === undefined ? {} : { note: answer.note }),
    },
  });
  return 'finished';
}

/** @throws E_EVIDENCE_SIZE */
export async function storeEvidence(
  engine: Pick<Engine, 'journal'> & { readonly session: { readonly runId: string } },
  files: readonly EvidenceFile[],
): Promise<readonly BlobRef[]> {
  const refs: BlobRef[] = [];
  for (const file of files) {
    if (file.bytes.length > MAX_EVIDENCE_BYTES) {
      throw new RunbookError({
        code: 'E_EVIDENCE_SIZE',
        message: `${file.name} has ${file.bytes.length} bytes; evidence may have up to ${MAX_EVIDENCE_BYTES}`,
        hint: 'Compress it, or keep it elsewhere and note where, with its SHA-256',
      });
    }
    const blob = await engine.journal.putBlob(engine.session.runId, file.bytes);
    refs.push({ blob, sizeBytes: file.bytes.length, mediaType: file.mediaType, name: file.name });
  }
  return refs;
}
