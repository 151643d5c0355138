// The first pass over the steps: who they are, in which order, and what they may give. Expressions are checked against it.
import type { Action } from '../action.ts';
import { isJsonObject, type Json, type JsonObject, type Schema } from '../json.ts';
import type { Collector } from './collector.ts';
import { type OwnSchema, objectOf, readOwnSchemas } from './compile-inputs.ts';
import { checkId } from './names.ts';
import { listAt, objectAt, onFailureOf, parallelOf, textAt } from './read.ts';
import type { Path, Source } from './source.ts';
import type { StepInfo } from './step-index.ts';
import type { ValueValidator } from './validate-value.ts';

/** A step as written, and what the first pass found. */
export interface StepDraft {
  readonly step: JsonObject;
  readonly path: Path;
  readonly info: StepInfo;
  readonly kind: 'uses' | 'manual' | 'group';
  readonly action: Action | undefined;
  readonly fields: readonly OwnSchema[];
  readonly children: readonly StepDraft[];
}
export interface IndexOptions {
  readonly source: Source;
  readonly actions: ReadonlyMap<string, Action>;
  readonly collector: Collector;
  readonly validator: ValueValidator;
  readonly shared: Map<string, Schema>;
}
export interface StepIndex {
  readonly drafts: readonly StepDraft[];
  /** By id; the first of two equal ones. */
  readonly steps: ReadonlyMap<string, StepInfo>;
}

export function indexSteps(written: readonly Json[], options: IndexOptions): StepIndex {
  const steps = new Map<string, StepInfo>();
  let order = 0;
  const indexList = (list: readonly Json[], path: Path, parent: StepInfo | undefined): StepDraft[] =>
    list.flatMap((step, index) => (isJsonObject(step) ? [indexStep(step, [...path, index], parent)] : []));
  const indexStep = (step: JsonObject, path: Path, parent: StepInfo | undefined): StepDraft => {
    const kind = 'uses' in step ? 'uses' : 'manual' in step ? 'manual' : 'group';
    const action = kind === 'uses' ? options.actions.get(textAt(step, 'uses') ?? '') : undefined;
    const fields = kind === 'manual' ? readFields(step, path, options) : [];
    const children = listAt(step, 'steps');
    const id = textAt(step, 'id') ?? '';
    const start = order++;
    const info: StepInfo = {
      id,
      path: parent === undefined ? id : `${parent.path}/${id}`,
      start,
      end: start,
      depth: (parent?.depth ?? 0) + 1,
      parent,
      isParallel: kind === 'group' && parallelOf(step, children.length) > 1,
      mayBeMissing: missingBecause(step),
      output: kind === 'uses' ? (action?.output ?? {}) : kind === 'manual' ? objectOf(fields) : undefined,
    };
    if (id !== '') register(info, path, steps, options);
    const drafts = kind === 'group' ? indexList(children, [...path, 'steps'], info) : [];
    info.end = order - 1;
    return { step, path, info, kind, action, fields, children: drafts };
  };
  return { drafts: indexList(written, ['steps'], undefined), steps };
}

function readFields(step: JsonObject, path: Path, { source, collector, validator, shared }: IndexOptions): OwnSchema[] {
  const options = { what: 'field', path: [...path, 'fields'], source, collector, validator, shared };
  return readOwnSchemas(objectAt(step, 'fields'), options);
}

function register(info: StepInfo, path: Path, steps: Map<string, StepInfo>, { source, collector }: IndexOptions): void {
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
  return onFailureOf(step) === 'continue' ? 'has `onFailure: continue`' : undefined;
}
