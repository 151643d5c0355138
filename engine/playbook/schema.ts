// The shape of a playbook against schemas/playbook.schema.json, as diagnostics a person can act on.
import { isJsonObject, type Json, type Schema } from '../json.ts';
import { createAjv, type ValidateFunction } from './ajv.ts';
import type { Collector } from './collector.ts';
import type { Path, Source } from './source.ts';
import { nearest } from './suggest.ts';
import { describeErrors, type ValueProblem } from './value-messages.ts';

export type ShapeCheck = (source: Source, collector: Collector) => void;

const KINDS = ['uses', 'manual', 'steps', 'playbook'] as const;
const MOST_ERRORS = 1_000;

/** Compiles the schema at the first use. Time is linear in the playbook. */
export function createShapeCheck(playbookSchema: Schema): ShapeCheck {
  let check: ValidateFunction | undefined;
  return (source, collector) => {
    check ??= createAjv().compile(playbookSchema);
    if (check(source.value)) return;
    const kindless = new Set<string>();
    for (const problem of describeErrors((check.errors ?? []).slice(0, MOST_ERRORS)))
      report(problem, source, collector, kindless);
  };
}

function report(problem: ValueProblem, source: Source, collector: Collector, kindless: Set<string>): void {
  const { path, property, keyword } = problem;
  const owner = valueAt(source.value, path);
  if (keyword === 'required' && property === 'uses' && isStep(path))
    return reportKind(path, owner, source, collector, kindless);
  if (keyword === 'required') {
    const code = 'E_PLAYBOOK_MISSING';
    collector.error(source.locateKey(path), code, `${problem.message}${placeOf(path, owner)}`);
  } else if (property !== undefined) reportUnknownKey(problem, property, owner, source, collector);
  else {
    const hint = problem.hint ?? (keyword === 'type' ? shapeHint(path, owner) : undefined);
    collector.error(source.locate(path), 'E_PLAYBOOK_SCHEMA', `${nameOf(path)} ${problem.message}`, hint);
  }
}

/** What is meant by a value that is written too short. */
function shapeHint(path: Path, value: Json): string | undefined {
  switch (path.at(-1)) {
    case 'retry':
      return `such as \`retry: { attempts: ${typeof value === 'number' && value >= 1 ? value : 3} }\``;
    case 'approval':
      return '`approval: {}` asks the operator, `{ by: 1, role: … }` others';
    case 'assert':
      return typeof value === 'string' ? `a list, also of one: \`assert: [${JSON.stringify(value)}]\`` : undefined;
    default:
      return undefined;
  }
}

/** A step that says nothing of what it is; where a key nearly does, that key is the mistake. */
function reportKind(path: Path, owner: Json, source: Source, collector: Collector, kindless: Set<string>): void {
  kindless.add(JSON.stringify(path));
  const keys = isJsonObject(owner) ? Object.keys(owner) : [];
  const misspelt = keys.find((key) => nearest(key, KINDS) !== undefined);
  if (misspelt !== undefined) return;
  collector.error(
    source.locate(path),
    'E_PLAYBOOK_STEP_KIND',
    `This step does not say what it does${placeOf(path, owner)}`,
    'give it one of `uses`, `manual`, `steps` or `playbook`',
  );
}

function reportUnknownKey(
  problem: ValueProblem,
  property: string,
  owner: Json,
  source: Source,
  collector: Collector,
): void {
  const at = source.locateKey([...problem.path, property]);
  const kinds = isJsonObject(owner) ? KINDS.filter((kind) => Object.hasOwn(owner, kind)) : [];
  if (isStep(problem.path) && kinds.length > 1 && KINDS.some((kind) => kind === property)) {
    const message = `A step is only one of \`uses\`, \`manual\`, \`steps\` and \`playbook\`; this one has ${kinds.map((kind) => `\`${kind}\``).join(' and ')}`;
    collector.error(at, 'E_PLAYBOOK_STEP_KIND', message, 'make two steps of it');
    return;
  }
  const ofKind = isStep(problem.path) && kinds[0] !== undefined ? `: a step with \`${kinds[0]}\` has no such key` : '';
  const isElsewhere = isStep(problem.path) && problem.hint?.startsWith('known here') && STEP_KEYS.has(property);
  const hint = isElsewhere ? `\`${property}\` belongs to another kind of step` : problem.hint;
  collector.error(
    at,
    'E_PLAYBOOK_UNKNOWN_KEY',
    `${problem.message}${placeOf(problem.path, owner)}${isElsewhere ? ofKind : ''}`,
    hint,
  );
}

const STEP_KEYS = new Set([
  'with',
  'retry',
  'until',
  'every',
  'assert',
  'approval',
  'effect',
  'target',
  'fields',
  'evidence',
  'parallel',
  'timeout',
  'undo',
  'temporary',
]);

function isStep(path: Path): boolean {
  const list = path.at(-2);
  const isFinally = list === 'finally' && path.length === 2;
  return (list === 'steps' || isFinally) && typeof path.at(-1) === 'number';
}

/** ` in step `revoke``, or where in the file. */
function placeOf(path: Path, owner: Json): string {
  if (path.length === 0) return ' in the playbook';
  if (isStep(path))
    return isJsonObject(owner) && typeof owner.id === 'string' ? ` in step \`${owner.id}\`` : ' in this step';
  return ` in \`${nameOf(path)}\``;
}

function nameOf(path: Path): string {
  const name = path.findLast((part) => typeof part === 'string') ?? 'The playbook';
  const index = path.at(-1);
  return typeof index === 'number' ? `Entry ${index + 1} of ${name}` : name;
}

function valueAt(root: Json, path: Path): Json {
  let value: Json | undefined = root;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (isJsonObject(value)) value = value[String(part)];
    else return null;
  }
  return value ?? null;
}
