// The one adapter to CEL: parse, check and evaluate, converting by schema at both ends. Nothing else evaluates.
import type { ASTNode } from '@marcbachmann/cel-js';
import { RunbookError } from '../errors.ts';
import type { Json, Schema } from '../json.ts';
import { SLOT_PREFIX } from './cel-environment.ts';
import { celProblem, friendly } from './cel-errors.ts';
import { fromCel, fromOptionalCel } from './cel-result.ts';
import { type CelType, DYN } from './cel-types.ts';
import type { Collector, Span } from './collector.ts';
import { walkExpression } from './expression-walk.ts';
import { type Facts, factsWhen } from './facts.ts';
import type { Expression, Scope } from './plan.ts';
import { type Place, type PlaybookScope, stepViewSchema } from './scope.ts';
import type { Inside } from './source.ts';
import type { StepRead } from './walk.ts';

/** What is known of an expression's value before it runs. */
export interface StaticType {
  /** As cel-js names it. */
  readonly cel: string;
  readonly schema: Schema | undefined;
}
export interface CheckedExpression extends Expression {
  readonly type: StaticType;
  /** Ids whose output it reads; the others it reads only by status. */
  readonly readsOutputs: readonly string[];
  /** What holds where it is true. */
  readonly facts: Facts;
  /** As `evaluate`; undefined where the result is an optional value that is absent. */
  evaluateOptional(scope: Scope): Json | undefined;
  /** Its value where it reads nothing at all. */
  readonly constant: Json | undefined;
}
export interface ExpressionOptions {
  readonly source: string;
  /** From offsets in `source` to the file. */
  readonly inside: Inside;
  readonly place: Place;
  readonly scope: PlaybookScope;
  readonly collector: Collector;
  /** `bool` for conditions. */
  readonly expects: 'bool' | 'any';
}

/** @returns undefined, with every problem reported, where it does not check. */
export function compileExpression(options: ExpressionOptions): CheckedExpression | undefined {
  const { source, inside, place, scope, collector, expects } = options;
  const at = (start: number, end: number): Span => inside(start, Math.max(1, end - start));
  const tree = parse(options, at);
  if (tree === undefined) return undefined;
  const walked = walkExpression(tree, scope, place);
  for (const { start, end, code, message, hint } of walked.issues) collector.error(at(start, end), code, message, hint);
  const hasUnknownNames = walked.issues.some(
    ({ code }) => code === 'E_PLAYBOOK_UNKNOWN_NAME' || code === 'E_PLAYBOOK_EXPRESSION',
  );
  const slotted = withSlots(source, walked.steps);
  const slots = slotted.ids.map((id) => stepType(id, scope));
  const output = place.output === undefined ? undefined : scope.pool.of(place.output);
  const environment = () => scope.environments(output === undefined ? { slots } : { slots, output });
  const checked = environment().check(slotted.text);
  if (!checked.valid && !hasUnknownNames) {
    const problem = celProblem(checked.error, (offset) => slotted.toSource(offset));
    const isKnown = problem.isUnknownField && walked.issues.some(({ code }) => code === 'E_PLAYBOOK_UNKNOWN_FIELD');
    if (!isKnown) collector.error(at(problem.start, problem.end), problem.code, problem.message, problem.hint);
  }
  if (!checked.valid || walked.issues.length > 0) return undefined;
  const cel = checked.type ?? 'dyn';
  if (expects === 'bool' && cel !== 'bool' && !cel.startsWith('dyn')) {
    collector.error(
      at(0, source.length),
      'E_PLAYBOOK_TYPE',
      `A condition must be true or false; this is ${friendly(cel)}`,
    );
    return undefined;
  }
  const location = inside(0, source.length).location;
  const roots = [...walked.roots];
  const evaluateOptional = (given: Scope): Json | undefined => {
    try {
      const context = contextOf(given, { roots, ids: slotted.ids, slots, output, scope });
      const result = fromOptionalCel(environment().evaluate(slotted.text, context));
      if (expects === 'bool' && typeof result !== 'boolean')
        throw new TypeError(`a condition must be true or false, not ${JSON.stringify(result)}`);
      return result;
    } catch (error) {
      const problem = celProblem(error, (offset) => slotted.toSource(offset));
      const where = problem.end > problem.start ? inside(problem.start, 1).location : location;
      throw new RunbookError({
        code: 'E_EXPRESSION',
        message: `${problem.message}, in \`${source.trim()}\``,
        location: where,
        cause: error,
      });
    }
  };
  const readsNothing = roots.length === 0 && slotted.ids.length === 0;
  return {
    source,
    location,
    readsSteps: slotted.ids,
    readsOutputs: [...walked.outputs],
    readsSecrets: [...walked.secrets],
    evaluate: (given) => evaluateOptional(given) ?? null,
    evaluateOptional,
    type: { cel, schema: walked.schema ?? schemaOf(cel, scope) },
    facts: factsWhen(tree, true),
    constant: readsNothing ? attempt(() => fromCel(environment().evaluate(slotted.text))) : undefined,
  };
}

function parse(
  { source, scope, collector }: ExpressionOptions,
  at: (start: number, end: number) => Span,
): ASTNode | undefined {
  if (source.trim() === '') {
    collector.error(at(0, source.length), 'E_PLAYBOOK_EXPRESSION', 'The expression is empty');
    return undefined;
  }
  try {
    return scope.environments({ slots: [] }).parse(source).ast;
  } catch (error) {
    const { start, end, message, hint } = celProblem(error, (offset) => offset);
    collector.error(at(start, end), 'E_PLAYBOOK_EXPRESSION', message, hint);
    return undefined;
  }
}

interface Slotted {
  readonly text: string;
  /** The id behind each slot. */
  readonly ids: readonly string[];
  readonly toSource: (offset: number) => number;
}

/** `steps.review.output` becomes `__step0.output`. */
function withSlots(source: string, reads: readonly StepRead[]): Slotted {
  const ids = [...new Set(reads.map((read) => read.id))];
  if (ids.length === 0) return { text: source, ids, toSource: (offset) => offset };
  const inOrder = [...new Map(reads.map((read) => [read.start, read])).values()].sort((a, b) => a.start - b.start);
  let text = '';
  let done = 0;
  const pieces: { readonly from: number; readonly source: number; readonly isSlot: boolean }[] = [];
  for (const { id, start, end } of inOrder) {
    pieces.push({ from: text.length, source: done, isSlot: false });
    text += source.slice(done, start);
    pieces.push({ from: text.length, source: start, isSlot: true });
    text += `${SLOT_PREFIX}${ids.indexOf(id)}`;
    done = end;
  }
  pieces.push({ from: text.length, source: done, isSlot: false });
  text += source.slice(done);
  const toSource = (offset: number): number => {
    const piece = pieces.findLast(({ from }) => from <= offset);
    if (piece === undefined) return offset;
    return piece.isSlot ? piece.source : piece.source + offset - piece.from;
  };
  return { text, ids, toSource };
}

function stepType(id: string, scope: PlaybookScope): CelType {
  const step = scope.steps.get(id);
  return step === undefined ? DYN : scope.pool.of(stepViewSchema(step.output));
}

interface ContextOptions {
  readonly roots: readonly string[];
  readonly ids: readonly string[];
  readonly slots: readonly CelType[];
  readonly output: CelType | undefined;
  readonly scope: PlaybookScope;
}

function contextOf(given: Scope, { roots, ids, slots, output, scope }: ContextOptions): { [name: string]: unknown } {
  const context: { [name: string]: unknown } = {};
  // StepView is JSON with optional keys; Scope's parts are named as the roots are.
  const parts = given as unknown as { readonly [name: string]: Json | undefined };
  for (const root of roots) {
    const type = root === 'output' ? (output ?? DYN) : (scope.rootTypes.get(root) ?? DYN);
    context[root] = converted(type, parts[root] ?? (root === 'output' ? null : {}));
  }
  ids.forEach((id, index) => {
    const view = given.steps[id];
    if (view === undefined) throw new RangeError(`the step \`${id}\` has not ended`);
    context[`${SLOT_PREFIX}${index}`] = converted(slots[index] ?? DYN, view as unknown as Json);
  });
  return context;
}

function converted(type: CelType, value: Json): unknown {
  return type.toCel === undefined ? value : type.toCel(value);
}

function schemaOf(cel: string, scope: PlaybookScope): Schema | undefined {
  return scope.pool.schemaOf(cel);
}

function attempt(compute: () => Json): Json | undefined {
  try {
    return compute();
  } catch {
    return undefined;
  }
}
