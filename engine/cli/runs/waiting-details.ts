// What a person must know to move a waiting step on: its text, its fields with their defaults, what an approval is about.
import { RunbookError } from '../../errors.ts';
import { isJsonObject, type Json, type JsonObject, type Schema } from '../../json.ts';
import type { ManualField, ManualStep } from '../../playbook/plan.ts';
import { shortValue } from '../../report/short-value.ts';
import { changeKey } from '../../run/change-views.ts';
import { resolveDefaults } from '../../run/manual.ts';
import { nodeAt } from '../../run/paths.ts';
import { type ScopeSource, scopeFor } from '../../run/scope.ts';
import type { Change, RunState } from '../../run/state.ts';
import { clean, hang, oneLine, wrap } from '../../ui/text.ts';
import { type Waiting, waitingFor } from '../../ui/waiting.ts';
import type { App } from '../app.ts';
import { descriptionOf, typeWords } from '../playbooks/field-words.ts';
import { scopeSource } from './answer-fields.ts';
import { approvalDetailJson, approvalDetailLines, type PendingApproval } from './approval-details.ts';
import { changeJson } from './change-cells.ts';
import type { OpenedRun } from './open-run.ts';

const MOST_CHANGES = 10;

export interface FieldDetails {
  readonly name: string;
  readonly type: string;
  readonly description: string | null;
  readonly isRequired: boolean;
  /** Resolved; absent where there is none. */
  readonly default?: Json;
}

export interface WaitingDetails extends Waiting {
  /** Of a manual step, resolved. */
  readonly instructions?: string;
  readonly fields?: readonly FieldDetails[];
  readonly needsEvidence?: boolean;
  readonly approval?: PendingApproval;
  /** What an output that is asked for must fit. */
  readonly schema?: Schema;
  /** What the ledger knows of changes in doubt. */
  readonly changes?: readonly Change[];
}

/** In the order the steps were opened. Loads the outputs that the texts and defaults read. */
export async function waitingDetails(app: App, opened: OpenedRun): Promise<WaitingDetails[]> {
  const source = scopeSource(app, opened);
  const { plan, state, runId } = opened;
  return Promise.all(
    waitingFor(plan, state, runId).map(async (waiting): Promise<WaitingDetails> => {
      const node = nodeAt(plan, waiting.path);
      const approval = state.steps.get(waiting.path)?.approval?.pending;
      if (waiting.kind === 'answer' && node?.kind === 'manual') return { ...waiting, ...(await manual(source, node)) };
      if (waiting.kind === 'output' && node?.output !== undefined) return { ...waiting, schema: node.output };
      if (waiting.kind === 'doubt') return { ...waiting, changes: doubtedChanges(state, waiting.path) };
      return approval && waiting.kind !== 'decision' ? { ...waiting, approval } : waiting;
    }),
  );
}

function doubtedChanges(state: RunState, path: string): readonly Change[] {
  const ledger = state.changes.get(path);
  const doubts = state.steps.get(path)?.doubts ?? [];
  return doubts.flatMap((doubt) => doubt.ids.flatMap((id) => ledger?.get(changeKey({ ...doubt, id })) ?? []));
}

async function manual(source: ScopeSource, node: ManualStep): Promise<Partial<WaitingDetails>> {
  const needsEvidence = node.evidence === 'required';
  try {
    const instructions = String(node.text.resolve(await scopeFor(source, node, node.text)));
    const defaults = await resolveDefaults(source, node);
    return { instructions, needsEvidence, fields: node.fields.map((field) => fieldDetails(field, defaults)) };
  } catch (error) {
    // What cannot be resolved fails when the step is asked; a status shows the rest all the same.
    if (!(error instanceof RunbookError)) throw error;
    return { needsEvidence, fields: node.fields.map((field) => fieldDetails(field, {})) };
  }
}

function fieldDetails({ name, schema, required }: ManualField, defaults: JsonObject): FieldDetails {
  const value = defaults[name];
  return {
    name,
    type: typeWords(schema),
    description: descriptionOf(schema),
    isRequired: required,
    ...(value === undefined ? {} : { default: value }),
  };
}

/** Under a waiting step's title. */
export function detailLines(details: WaitingDetails, columns: number): string[] {
  const lines: string[] = [];
  if (details.instructions !== undefined) lines.push(...wrap(clean(details.instructions).trimEnd(), columns));
  if (details.fields && details.fields.length > 0)
    lines.push('', ...details.fields.flatMap((field) => hang('', fieldLine(field), columns, 4)));
  if (details.needsEvidence === true) lines.push('', 'A file is needed as evidence.');
  if (details.schema) lines.push(outputLine(details.schema));
  for (const change of details.changes?.slice(0, MOST_CHANGES) ?? []) lines.push(doubtLine(change));
  const rest = (details.changes?.length ?? 0) - MOST_CHANGES;
  if (rest > 0) lines.push(`and ${rest} more`);
  if (details.approval) lines.push(...approvalDetailLines(details.approval));
  return lines;
}

/** `- ban user user_1, sent 2026-05-12 03:00:00Z: the connection was lost`. */
function doubtLine({ verb, kind, id, intendedAt, error }: Change): string {
  const sent = intendedAt === undefined ? '' : `, sent ${intendedAt.slice(0, 19).replace('T', ' ')}Z`;
  return oneLine(`- ${verb} ${kind} ${id}${sent}${error === undefined ? '' : `: ${error}`}`);
}

/** The names that an object must have, and those it may have. */
function outputLine(schema: Schema): string {
  const { properties, required } = schema;
  const names = isJsonObject(properties) ? Object.keys(properties) : [];
  const needed = Array.isArray(required) ? required.map(String) : [];
  if (names.length === 0) return `It must be ${typeWords(schema)}.`;
  return oneLine(`It must be JSON with ${names.map((name) => (needed.includes(name) ? name : `${name}?`)).join(', ')}`);
}

/** `notified=<whole number>  How many users were told`. */
export function fieldLine(field: FieldDetails): string {
  const parts = [`${field.name}=<${field.type}>`];
  if (field.description !== null) parts.push(field.description);
  if (field.default !== undefined) parts.push(`(default: ${shortValue(field.default)})`);
  else if (!field.isRequired) parts.push('(optional)');
  return parts.join('  ');
}

/** For machines: an approval without the fields that only the engine needs. */
export function detailsJson({ approval, changes, ...rest }: WaitingDetails): object {
  return {
    ...rest,
    ...(approval === undefined ? {} : { approval: approvalDetailJson(approval) }),
    ...(changes === undefined ? {} : { changes: changes.map(changeJson) }),
  };
}
