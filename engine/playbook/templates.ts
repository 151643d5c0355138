// YAML values with `${{ }}` in them: compiled once, resolved against a scope. A value that is one whole expression
// keeps its type; inside text it becomes text.
import { RunbookError } from '../errors.ts';
import { isJsonObject, type Json } from '../json.ts';
import { friendly } from './cel-errors.ts';
import type { Collector } from './collector.ts';
import { type CheckedExpression, compileExpression, type StaticType } from './expressions.ts';
import type { Instead, Scope, Template } from './plan.ts';
import type { Place, PlaybookScope, SecretsRule } from './scope.ts';
import type { Path, Source } from './source.ts';
import { hasExpression, scanTemplate } from './template-scan.ts';

/** A place in a template whose value is not known before the run. */
export interface Hole {
  readonly path: Path;
  readonly type: StaticType;
}
export interface CheckedTemplate extends Template {
  /** The value as written. */
  readonly written: Json;
  readonly holes: readonly Hole[];
  readonly reads: readonly string[];
  readonly readsOutputs: readonly string[];
  readonly needsOutputs: readonly string[];
  /** True where it reads `output`. */
  readonly readsOwnOutput: boolean;
}
export interface TemplateOptions {
  readonly value: Json;
  /** Where the value stands in the file. */
  readonly path: Path;
  readonly source: Source;
  readonly place: Place;
  /** Another rule for secrets at some parts of the value, by their path in it. */
  readonly secretsAt?: (path: Path) => SecretsRule;
  readonly scope: PlaybookScope;
  readonly collector: Collector;
}

/** Undefined: absent; the key it stands under is left out. */
type Resolve = (scope: Scope, instead?: Instead) => Json | undefined;
interface Build {
  readonly options: TemplateOptions;
  readonly expressions: CheckedExpression[];
  readonly holes: Hole[];
  isBroken: boolean;
}

/** @returns undefined, with every problem reported, where an expression in it does not check. */
export function compileTemplate(options: TemplateOptions): CheckedTemplate | undefined {
  const build: Build = { options, expressions: [], holes: [], isBroken: false };
  const resolve = compileValue(options.value, [], build);
  if (build.isBroken) return undefined;
  const { expressions, holes } = build;
  const written = options.value;
  const read = (pick: (expression: CheckedExpression) => readonly string[]): string[] => [
    ...new Set(expressions.flatMap(pick)),
  ];
  return {
    location: options.source.locate(options.path).location,
    isConstant: expressions.length === 0,
    readsSteps: read((expression) => expression.readsSteps),
    reads: read((expression) => expression.reads),
    readsOutputs: read((expression) => expression.readsOutputs),
    needsOutputs: read((expression) => expression.needsOutputs),
    readsOwnOutput: expressions.some((expression) => expression.readsOwnOutput),
    readsSecrets: read((expression) => expression.readsSecrets),
    written,
    holes,
    resolve: resolve === undefined ? () => written : (scope, instead) => resolve(scope, instead) ?? null,
  };
}

/** @returns undefined where the value holds nothing to resolve. */
function compileValue(value: Json, path: Path, build: Build): Resolve | undefined {
  if (typeof value === 'string') return hasExpression(value) ? compileText(value, path, build) : undefined;
  if (Array.isArray(value)) {
    const entries = value.map((entry, index) => compileValue(entry, [...path, index], build));
    if (entries.every((entry) => entry === undefined)) return undefined;
    return (scope, instead) =>
      value.map((entry: Json, index) => {
        const resolve = entries[index];
        return resolve === undefined ? entry : (resolve(scope, instead) ?? null);
      });
  }
  if (!isJsonObject(value)) return undefined;
  const fields = Object.entries(value).map(([key, field]) => ({
    key,
    field,
    resolve: compileValue(field, [...path, key], build),
  }));
  if (fields.every((field) => field.resolve === undefined)) return undefined;
  return (scope, instead) =>
    Object.fromEntries(
      fields.flatMap(({ key, field, resolve }) => {
        const resolved = resolve === undefined ? field : resolve(scope, instead);
        return resolved === undefined ? [] : [[key, resolved]];
      }),
    );
}

function compileText(text: string, path: Path, build: Build): Resolve | undefined {
  const { source, path: root, scope, collector, secretsAt } = build.options;
  const place = secretsAt === undefined ? build.options.place : { ...build.options.place, secrets: secretsAt(path) };
  const inside = source.inside([...root, ...path]);
  const { parts, unclosedAt } = scanTemplate(text);
  if (unclosedAt !== undefined) {
    collector.error(
      inside(unclosedAt, 3),
      'E_PLAYBOOK_EXPRESSION',
      '`${{` is not closed',
      'end the expression with `}}`; a literal `${{` is written `$${{`',
    );
    build.isBroken = true;
    return undefined;
  }
  const isWhole = parts.length === 1 && parts[0]?.kind === 'expression';
  const compiled = parts.map((part) => {
    if (part.kind === 'text') return { text: part.text };
    const expression = compileExpression({
      source: part.source,
      inside: (offset, length) => inside(part.start + offset, length),
      place,
      scope,
      collector,
      expects: 'any',
    });
    if (expression === undefined) build.isBroken = true;
    else {
      build.expressions.push(expression);
      if (!isWhole && !isText(expression.type.cel)) {
        const span = inside(part.start, part.source.length);
        const what = friendly(expression.type.cel);
        collector.error(
          span,
          'E_PLAYBOOK_TYPE',
          `${what} cannot stand inside text`,
          'use .join(", ") for a list of text, or read a field',
        );
        build.isBroken = true;
      }
    }
    return { expression };
  });
  const [first] = compiled;
  const whole = isWhole ? first?.expression : undefined;
  build.holes.push({ path, type: whole?.type ?? { cel: isWhole ? 'dyn' : 'string', schema: undefined } });
  if (whole !== undefined) return (scopeNow, instead) => instead?.(whole, path) ?? whole.evaluateOptional(scopeNow);
  return (scopeNow, instead) =>
    compiled
      .map(({ text: literal, expression }) => {
        if (literal !== undefined || expression === undefined) return literal ?? '';
        return instead?.(expression, path) ?? textOf(expression.evaluate(scopeNow), expression);
      })
      .join('');
}

function isText(cel: string): boolean {
  return !/^(list|map|object|bytes|type|null|optional)/.test(cel);
}

function textOf(value: Json, expression: CheckedExpression | undefined): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new RunbookError({
    code: 'E_EXPRESSION',
    message: `${value === null ? 'An empty value' : 'A list or map'} cannot stand inside text, in \`${expression?.source.trim() ?? ''}\``,
    location: expression?.location,
  });
}
