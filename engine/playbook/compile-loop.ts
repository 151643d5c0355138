// `forEach`: the list, what its entries are called and are, and the loop's own node around the body's.
import type { Schema } from '../json.ts';
import { compileList } from './compile-expressions.ts';
import { schemaOfType } from './derived-schema.ts';
import type { CheckedExpression } from './expressions.ts';
import { type Facts, isAbout } from './facts.ts';
import type { StepDraft } from './index-steps.ts';
import { MOST_ITEMS } from './loop-bounds.ts';
import { groupOutputOf, loopOutputOf } from './loop-output.ts';
import { checkId } from './names.ts';
import type { LoopStep, PlanNode } from './plan.ts';
import { textAt } from './read.ts';
import { itemsOf } from './schema-shape.ts';
import type { Locals, Place } from './scope.ts';
import type { Base, StepsOptions } from './step-options.ts';

const ITEM = 'item';

interface LoopOptions extends StepsOptions {
  /** Compiles the body where `item` is known. */
  readonly body: (place: Place) => PlanNode | undefined;
}

/** @param base the loop's, with its `when`. */
export function compileLoop(
  draft: StepDraft,
  base: Base,
  place: Place,
  { body: compileBody, ...options }: LoopOptions,
): LoopStep | undefined {
  const { step, path, info } = draft;
  const listPath = [...path, 'forEach'];
  const list = compileList(step.forEach ?? null, listPath, place, options);
  const as = nameOf(draft, place.locals, options);
  if (list !== undefined) checkLength(list, listPath, options);
  const item = list === undefined ? {} : itemOf(list, options);
  const locals: Locals = new Map([...(place.locals ?? []), [ITEM, item], [as, item]]);
  const body = compileBody({ ...place, locals, facts: without(place.facts, [ITEM, as]) });
  const given =
    draft.kind === 'group'
      ? groupOutputOf(draft.children.map(({ info: child }) => ({ id: child.id, ...outputOf(child.output) })))
      : draft.output;
  info.output = loopOutputOf(item, given);
  if (list === undefined || body === undefined) return undefined;
  const { concurrency } = step;
  return {
    ...base,
    path: info.path,
    output: info.output,
    kind: 'loop',
    list,
    as,
    concurrency: typeof concurrency === 'number' ? Math.max(1, Math.trunc(concurrency)) : 1,
    body: { ...body, index: 0 },
  };
}

function outputOf(output: Schema | undefined): { readonly output?: Schema } {
  return output === undefined ? {} : { output };
}

/** What is known of a name outside says nothing of the entry that has this name inside. */
function without(facts: Facts, names: readonly string[]): Facts {
  const isHidden = (fact: string): boolean => names.some((name) => isAbout(fact, name));
  return new Set([...facts].filter((fact) => !isHidden(fact)));
}

function itemOf({ type }: CheckedExpression, { scope }: StepsOptions): Schema {
  return itemsOf(schemaOfType(type, scope.pool)) ?? {};
}

function nameOf({ step, path }: StepDraft, around: Locals | undefined, options: StepsOptions): string {
  const as = textAt(step, 'as') ?? ITEM;
  if (as === ITEM) return as;
  const { source, collector, scope } = options;
  const at = source.locate([...path, 'as']);
  checkId(as, 'loop item', at, collector);
  const taken = around?.has(as) ? 'the loop around it' : scope.steps.has(as) ? 'a step' : undefined;
  if (taken !== undefined)
    collector.error(at, 'E_PLAYBOOK_ID', `\`${as}\` is already the name of ${taken}`, 'choose another name');
  return as;
}

function checkLength(
  list: CheckedExpression,
  path: readonly (string | number)[],
  { source, collector, scope }: StepsOptions,
): void {
  const { minItems } = schemaOfType(list.type, scope.pool);
  const length = Array.isArray(list.constant) ? list.constant.length : typeof minItems === 'number' ? minItems : 0;
  if (Array.isArray(list.constant) && length === 0) {
    const message = 'This step never runs: its list is always empty';
    collector.warn(source.locate(path), 'W_PLAYBOOK_UNREACHABLE', message, 'remove the step, or give it a list');
  }
  if (length <= MOST_ITEMS) return;
  collector.error(
    source.locate(path),
    'E_PLAYBOOK_FOR_EACH',
    `The list has ${length} entries; \`forEach\` takes ${MOST_ITEMS}`,
    'give the whole list to an action that works in bulk',
  );
}
