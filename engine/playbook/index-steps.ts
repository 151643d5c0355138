// The first pass over the steps: who they are, in which order, and what they may give. Expressions are checked against it.
import type { Action } from '../action.ts';
import { isJsonObject, type Json, type JsonObject, type Schema } from '../json.ts';
import type { Collector } from './collector.ts';
import { type OwnSchema, objectOf, readOwnSchemas } from './compile-inputs.ts';
import { LOOP_OUTPUT } from './loop-output.ts';
import { checkId } from './names.ts';
import { listAt, objectAt, onFailureOf, parallelOf, textAt } from './read.ts';
import type { Path, Source } from './source.ts';
import type { StepInfo } from './step-index.ts';
import type { Callee } from './units.ts';
import type { ValueValidator } from './validate-value.ts';

/** A step as written, and what the first pass found. */
export interface StepDraft {
  readonly step: JsonObject;
  readonly path: Path;
  readonly info: StepInfo;
  readonly kind: 'uses' | 'manual' | 'group' | 'call';
  /** Where its node stands: a loop's body at `each[]`. */
  readonly nodePath: string;
  readonly action: Action | undefined;
  /** What its node gives; for a loop each entry's. Undefined: groups. */
  readonly output: Schema | undefined;
  /** The playbook that a `playbook` step calls, where it is valid. */
  readonly callee: Callee | undefined;
  readonly fields: readonly OwnSchema[];
  readonly children: readonly StepDraft[];
}
export interface IndexOptions {
  readonly source: Source;
  readonly actions: ReadonlyMap<string, Action>;
  readonly collector: Collector;
  readonly validator: ValueValidator;
  readonly shared: Map<string, Schema>;
  /** The playbook that the step at this path calls; reports where there is none that is valid. */
  readonly callee: (name: string, path: Path) => Callee | undefined;
}
export interface StepIndex {
  readonly drafts: readonly StepDraft[];
  readonly finally: readonly StepDraft[];
  /** By id; the first of two equal ones. */
  readonly steps: ReadonlyMap<string, StepInfo>;
}

/** @param written the steps of the playbook, and those of its `finally`. */
export function indexSteps(
  written: { readonly steps: readonly Json[]; readonly finally: readonly Json[] },
  options: IndexOptions,
): StepIndex {
  const indexing: Indexing = { ...options, steps: new Map(), order: 0 };
  const drafts = indexList(written.steps, ['steps'], undefined, indexing);
  const last = indexing.order;
  const around: StepInfo = { ...FINALLY, start: last, end: last };
  indexing.order += 1;
  const finals = indexList(written.finally, ['finally'], around, indexing);
  around.end = indexing.order - 1;
  return { drafts, finally: finals, steps: indexing.steps };
}

interface Indexing extends IndexOptions {
  readonly steps: Map<string, StepInfo>;
  order: number;
}

/** The group around the steps of `finally`; not in the map, since nobody can read it. */
const FINALLY: Omit<StepInfo, 'start' | 'end'> = {
  id: 'finally',
  path: 'finally',
  depth: 1,
  parent: undefined,
  isParallel: false,
  isLoop: false,
  region: 'finally',
  mayBeMissing: undefined,
  output: undefined,
};

function indexList(
  list: readonly Json[],
  path: Path,
  parent: StepInfo | undefined,
  indexing: Indexing,
): readonly StepDraft[] {
  return list.flatMap((step, index) =>
    isJsonObject(step) ? [indexStep(step, [...path, index], parent, indexing)] : [],
  );
}

function indexStep(step: JsonObject, path: Path, parent: StepInfo | undefined, indexing: Indexing): StepDraft {
  const kind = kindOf(step);
  const action = kind === 'uses' ? indexing.actions.get(textAt(step, 'uses') ?? '') : undefined;
  const fields = kind === 'manual' ? readFields(step, path, indexing) : [];
  const name = kind === 'call' ? textAt(step, 'playbook') : undefined;
  const callee = name === undefined ? undefined : indexing.callee(name, [...path, 'playbook']);
  const children = listAt(step, 'steps');
  const id = textAt(step, 'id') ?? '';
  const isLoop = 'forEach' in step;
  const start = indexing.order++;
  const own = parent === undefined ? id : `${parent.path}${parent.isLoop ? '[]' : ''}/${id}`;
  const output = outputOf(kind, { action, fields, callee });
  const info: StepInfo = {
    id,
    path: own,
    start,
    end: start,
    depth: (parent?.depth ?? 0) + 1,
    parent,
    isParallel: kind === 'group' && parallelOf(step, children.length) > 1,
    isLoop,
    region: parent?.region ?? 'body',
    mayBeMissing: missingBecause(step),
    // A loop's is known when its list is: the second pass sets it before anything can read it.
    output: isLoop ? LOOP_OUTPUT : output,
  };
  if (id !== '') register(info, path, indexing);
  const inside = kind === 'group' ? indexList(children, [...path, 'steps'], info, indexing) : [];
  info.end = indexing.order - 1;
  const nodePath = isLoop ? `${own}[]` : own;
  return { step, path, info, kind, nodePath, action, output, callee, fields, children: inside };
}

function kindOf(step: JsonObject): StepDraft['kind'] {
  if ('uses' in step) return 'uses';
  if ('manual' in step) return 'manual';
  return 'playbook' in step ? 'call' : 'group';
}

function outputOf(
  kind: StepDraft['kind'],
  { action, fields, callee }: Pick<StepDraft, 'action' | 'fields' | 'callee'>,
): Schema | undefined {
  switch (kind) {
    case 'uses':
      return action?.output ?? {};
    case 'manual':
      return objectOf(fields);
    case 'call':
      return callee?.output ?? {};
    case 'group':
      return undefined;
  }
}

function readFields(step: JsonObject, path: Path, { source, collector, validator, shared }: IndexOptions): OwnSchema[] {
  const options = { what: 'field', path: [...path, 'fields'], source, collector, validator, shared };
  return readOwnSchemas(objectAt(step, 'fields'), options);
}

function register(info: StepInfo, path: Path, { steps, source, collector }: Indexing): void {
  const at = source.locate([...path, 'id']);
  checkId(info.id, 'step', at, collector);
  const first = steps.get(info.id);
  if (first === undefined) steps.set(info.id, info);
  else
    collector.error(
      at,
      'E_PLAYBOOK_DUPLICATE_ID',
      `The step id \`${info.id}\` is used twice, first by \`${first.path}\``,
      'ids are unique in the whole file',
    );
}

function missingBecause(step: JsonObject): string | undefined {
  if ('when' in step && step.when !== true) return 'has a `when`';
  // What was cut short when it ran out of time has no output, where a person then skips it.
  if ('timeout' in step && ('steps' in step || 'playbook' in step)) return 'has a `timeout`';
  // A loop gives its list also where an instance failed.
  if ('forEach' in step) return undefined;
  return onFailureOf(step) === 'continue' ? 'has `onFailure: continue`' : undefined;
}
