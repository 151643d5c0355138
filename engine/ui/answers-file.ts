// Answers written down before a run (`--answers FILE`), in YAML or JSON: a map from steps to what is answered when they
// ask. A step is named by its path (`contain/review`), in a loop by that of one instance (`each[3]/review`) or of all
// (`each[]/review`), or by its id alone. The nearest name wins: instance, path, id.
//
//   review:            # a manual step: its fields, those with a default too unless defaults are taken (--yes)
//     fields: { users: [user_1, user_2] }
//     note: Checked against the list of Tuesday
//     evidence: [screenshots/list.png]
//   call_customers:    # a manual step that is not done, and why
//     skip: No customer is affected
//   identify:          # the output of a step that a person ended, where a later step reads it
//     output: { users: [user_1] }
//
// `output` may stand beside `fields` or `skip`.
import { RunbookError } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { Plan, PlanNode } from '../playbook/plan.ts';
import { didYouMean, listed } from '../playbook/suggest.ts';
import { idOf, nodeAt, staticPath } from '../run/paths.ts';

/** What is answered for one step. */
export interface WrittenAnswer {
  readonly fields?: JsonObject;
  readonly note?: string;
  /** Paths of files. */
  readonly evidence?: readonly string[];
  /** The reason. */
  readonly skip?: string;
  readonly output?: Json;
}

export interface Answers {
  /** As the reader named it; for messages. */
  readonly file: string;
  /** By step: path or id. */
  readonly steps: ReadonlyMap<string, WrittenAnswer>;
}

export interface AnswersQuery {
  readonly file: string;
  readonly plan: Plan;
  /** Defaults stand for fields that are not written. Absent: each must be, for nobody saw them. */
  readonly takesDefaults?: boolean;
}

/**
 * @param value the file's content
 * @throws RunbookError E_ANSWERS_INVALID with everything that is wrong, a line each: a step that the playbook does not have,
 * fields of what is no manual step, a key of another form, a default that would stand for what was not written.
 */
export function parseAnswers(value: unknown, of: AnswersQuery): Answers {
  const { file, plan, takesDefaults = false } = of;
  const problems: string[] = [];
  const steps = new Map<string, WrittenAnswer>();
  if (!isJsonObject(value)) problems.push('it is no map from steps to answers');
  else {
    for (const [key, entry] of Object.entries(value)) {
      const nodes = nodesNamed(key, plan);
      const unseen = takesDefaults ? [] : unseenDefaults(entry, nodes);
      const found = [...stepProblems(key, plan), ...entryProblems(entry, nodes), ...unseen];
      problems.push(...found.map((problem) => `${key}: ${problem}`));
      // What was looked at key by key just before.
      if (found.length === 0) steps.set(key, entry as WrittenAnswer);
    }
  }
  if (problems.length === 0) return { file, steps };
  throw answersError(file, problems);
}

/** @param problems each beginning with the key in the file it is about */
export function answersError(file: string, problems: readonly string[]): RunbookError {
  const [only] = problems;
  return new RunbookError({
    code: 'E_ANSWERS_INVALID',
    message:
      problems.length === 1
        ? `The answers in ${file} do not fit: ${only}`
        : `The answers in ${file} do not fit:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    hint: `Mend ${file}, then give it again with --answers; or answer by hand`,
  });
}

/** The written answer of a step in a run: of this very path, of all instances, or of its id. */
export function answerFor(
  { steps }: Answers,
  path: string,
): { readonly key: string; readonly answer: WrittenAnswer } | null {
  for (const key of [path, staticPath(path), idOf(path)]) {
    const answer = steps.get(key);
    if (answer) return { key, answer };
  }
  return null;
}

function nodesNamed(key: string, plan: Plan): readonly PlanNode[] {
  const node = key === '' ? undefined : nodeAt(plan, key);
  return node ? [node] : [...plan.nodes.values()].filter(({ id, path }) => path !== '' && id === key);
}

function stepProblems(key: string, plan: Plan): string[] {
  if (nodesNamed(key, plan).length > 0) return [];
  const known = [...plan.nodes.values()].flatMap(({ path, id }) => (path === '' ? [] : [path, id]));
  return [`the playbook ${plan.name} has no such step${suggestion(key, known)}`];
}

const KEYS = ['fields', 'note', 'evidence', 'skip', 'output'];

function entryProblems(entry: Json, nodes: readonly PlanNode[]): string[] {
  if (!isJsonObject(entry)) return [`must be a map with ${listed(KEYS)}`];
  const problems: string[] = [];
  for (const key of Object.keys(entry).filter((one) => !KEYS.includes(one)))
    problems.push(
      `does not know the key ${key}: fields of a manual step stand under \`fields\`${suggestion(key, KEYS)}`,
    );
  const { fields, note, evidence, skip, output } = entry;
  if (fields === undefined && skip === undefined && output === undefined)
    problems.push('says neither `fields` nor `skip` nor `output`');
  if (fields !== undefined && !isJsonObject(fields)) problems.push('`fields` must be a map');
  if (skip !== undefined && (typeof skip !== 'string' || skip.trim() === '')) problems.push('`skip` must be a reason');
  if (fields !== undefined && skip !== undefined) problems.push('says both `fields` and `skip`');
  if (note !== undefined && typeof note !== 'string') problems.push('`note` must be text');
  if (evidence !== undefined && !isListOfTexts(evidence)) problems.push('`evidence` must be a list of files');
  if (fields === undefined && (note !== undefined || evidence !== undefined))
    problems.push('`note` and `evidence` go with `fields`');
  const isManual = nodes.some((node) => bodyOf(node).kind === 'manual');
  if ((fields !== undefined || skip !== undefined) && nodes.length > 0 && !isManual)
    problems.push('is no manual step: only an `output` can be given for it');
  return problems;
}

/** Fields that would take their default without a word. */
function unseenDefaults(entry: Json, nodes: readonly PlanNode[]): string[] {
  const fields = isJsonObject(entry) ? entry.fields : undefined;
  if (!isJsonObject(fields)) return [];
  const steps = nodes.map(bodyOf).filter((node) => node.kind === 'manual');
  const unseen = steps.flatMap((step) =>
    step.fields.filter((field) => field.default !== undefined && !Object.hasOwn(fields, field.name)),
  );
  return [...new Set(unseen.map(({ name }) => name))].map(
    (name) => `does not say \`${name}\`, and its default would stand for it: say it, or take the defaults with --yes`,
  );
}

/** A loop is named like the step that it repeats. */
function bodyOf(node: PlanNode): PlanNode {
  return node.kind === 'loop' ? bodyOf(node.body) : node;
}

function isListOfTexts(value: Json): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function suggestion(name: string, known: readonly string[]): string {
  const hint = didYouMean(name, known, '');
  return hint === '' || hint === undefined ? '' : ` (${hint})`;
}
