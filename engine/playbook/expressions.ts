// The one adapter to CEL: parse, check and evaluate, converting by schema at both ends. Nothing else evaluates.
import type { ASTNode } from '@marcbachmann/cel-js';
import { RunbookError, type SourceLocation } from '../errors.ts';
import type { Json, Schema } from '../json.ts';
import { SLOT_PREFIX } from './cel-environment.ts';
import { celProblem, friendly } from './cel-errors.ts';
import { type RedactedRead, redactedRead } from './cel-redacted.ts';
import { fromCel, fromOptionalCel } from './cel-result.ts';
import { type CelType, DYN } from './cel-types.ts';
import type { Collector, Span } from './collector.ts';
import { walkExpression } from './expression-walk.ts';
import { type Facts, factsWhen } from './facts.ts';
import { namesRead } from './names-read.ts';
import type { Expression, Scope } from './plan.ts';
import type { Place, PlaybookScope } from './scope.ts';
import { type Slot, slotType, slotValue, withSlots } from './slots.ts';
import type { Inside } from './source.ts';

/** What is known of an expression's value before it runs. */
export interface StaticType {
  /** As cel-js names it. */
  readonly cel: string;
  readonly schema: Schema | undefined;
}
export interface CheckedExpression extends Expression {
  readonly type: StaticType;
  readonly reads: readonly string[];
  /** Ids whose output it reads; the others it reads only by status. */
  readonly readsOutputs: readonly string[];
  /** Of those, the ones it reads where nothing says that the output is there. */
  readonly needsOutputs: readonly string[];
  /** True where it reads `output`. */
  readonly readsOwnOutput: boolean;
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
  /** `bool` for conditions, `list` for `forEach`. */
  readonly expects: 'bool' | 'list' | 'any';
}

/** @returns undefined, with every problem reported, where it does not check. */
export function compileExpression(options: ExpressionOptions): CheckedExpression | undefined {
  const { source, inside, place, scope, collector, expects } = options;
  const at = (start: number, end: number): Span => inside(start, Math.max(1, end - start));
  const tree = parse(options, at);
  if (tree === undefined) return undefined;
  const walked = walkExpression(tree, scope, place);
  for (const { start, end, code, message, hint } of walked.issues) collector.error(at(start, end), code, message, hint);
  for (const { start, end, code, message, hint } of walked.warnings)
    collector.warn(at(start, end), code, message, hint);
  const hasUnknownNames = walked.issues.some(
    ({ code }) => code === 'E_PLAYBOOK_UNKNOWN_NAME' || code === 'E_PLAYBOOK_EXPRESSION',
  );
  const slotted = withSlots(source, walked.reads);
  const slots = slotted.slots.map((slot) => slotType(slot, scope, place));
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
  const unexpected = misfit(cel, expects);
  if (unexpected !== undefined) {
    collector.error(at(0, source.length), 'E_PLAYBOOK_TYPE', unexpected);
    return undefined;
  }
  const location = inside(0, source.length).location;
  const roots = [...walked.roots];
  const evaluateOptional = (given: Scope): Json | undefined => {
    try {
      const context = contextOf(given, { roots, read: slotted.slots, slots, output, scope });
      const result = fromOptionalCel(environment().evaluate(slotted.text, context));
      if (expects === 'bool' && typeof result !== 'boolean')
        throw new TypeError(`a condition must be true or false, not ${JSON.stringify(result)}`);
      if (expects === 'list' && !Array.isArray(result)) throw new TypeError('`forEach` needs a list');
      return result;
    } catch (error) {
      const redacted = redactedRead(error);
      if (redacted !== undefined) throw redactedError(redacted, source, location);
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
  const readsNothing = roots.length === 0 && slotted.slots.length === 0;
  return {
    source,
    location,
    readsSteps: slotted.slots.flatMap(({ kind, id }) => (kind === 'step' ? [id] : [])),
    reads: namesRead(tree),
    readsOutputs: [...walked.outputs],
    needsOutputs: [...walked.needed],
    readsOwnOutput: walked.roots.has('output'),
    readsSecrets: [...walked.secrets],
    evaluate: (given) => evaluateOptional(given) ?? null,
    evaluateOptional,
    type: { cel, schema: walked.schema ?? schemaOf(cel, scope) },
    facts: factsWhen(tree, true),
    constant: readsNothing ? attempt(() => fromCel(environment().evaluate(slotted.text))) : undefined,
  };
}

function redactedError({ field }: RedactedRead, source: string, location: SourceLocation): RunbookError {
  const what = field === undefined ? 'what it reads' : `\`${field}\``;
  return new RunbookError({
    code: 'E_INPUT_REDACTED',
    message: `${what} holds a redacted value, which must not be read as if it were the value, in \`${source.trim()}\``,
    hint: `It looked like a secret. Where its schema is written mark ${field === undefined ? 'the field' : what} as \`secret: true\` and pass it on by \`with\`; or read another field`,
    location,
  });
}

/** Why a result of this type cannot be what is expected; undefined where it may. */
function misfit(cel: string, expects: ExpressionOptions['expects']): string | undefined {
  if (expects === 'any' || cel.startsWith('dyn')) return undefined;
  if (expects === 'bool')
    return cel === 'bool' ? undefined : `A condition must be true or false; this is ${friendly(cel)}`;
  return cel.startsWith('list') ? undefined : `\`forEach\` needs a list; this is ${friendly(cel)}`;
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
    collector.error(at(start, end), 'E_PLAYBOOK_EXPRESSION', message, assignmentHint(source, start) ?? hint);
    return undefined;
  }
}

/** One `=` where two are meant. */
function assignmentHint(source: string, at: number): string | undefined {
  const isOne = source[at] === '=' && source[at + 1] !== '=' && !/[=!<>]/.test(source[at - 1] ?? '');
  return isOne ? 'to compare, write `==`' : undefined;
}

interface ContextOptions {
  readonly roots: readonly string[];
  readonly read: readonly Slot[];
  /** The type of each of them. */
  readonly slots: readonly CelType[];
  readonly output: CelType | undefined;
  readonly scope: PlaybookScope;
}

function contextOf(given: Scope, { roots, read, slots, output, scope }: ContextOptions): { [name: string]: unknown } {
  const context: { [name: string]: unknown } = {};
  // StepView is JSON with optional keys; Scope's parts are named as the roots are.
  const parts = given as unknown as { readonly [name: string]: Json | undefined };
  for (const root of roots) {
    const type = root === 'output' ? (output ?? DYN) : (scope.rootTypes.get(root) ?? DYN);
    context[root] = converted(type, parts[root] ?? (root === 'output' ? null : {}));
  }
  read.forEach((slot, index) => {
    context[`${SLOT_PREFIX}${index}`] = converted(slots[index] ?? DYN, slotValue(slot, given));
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
