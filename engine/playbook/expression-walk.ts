// Our own pass over an expression's tree: names, steps, guards and what CEL's checker does not see. It follows JSON
// Schemas along the paths an expression reads, so that enums and optional properties are known.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Schema } from '../json.ts';
import { childrenOf, comprehensionOf, fieldOf, isOptionalChain, pathText } from './cel-tree.ts';
import { type Facts, factsWhen, union } from './facts.ts';
import { checkLiterals } from './literal-checks.ts';
import { isClosedObject, itemsOf, propertiesOf, propertyOf, requiredOf } from './schema-shape.ts';
import { type Place, type PlaybookScope, stepViewSchema } from './scope.ts';
import { checkSecret } from './secret-checks.ts';
import { missingReason, visibility } from './step-index.ts';
import { resolveStep } from './step-reads.ts';
import { didYouMean, listed } from './suggest.ts';
import type { Issue, StepRead, Walk } from './walk.ts';

export interface WalkResult {
  readonly issues: readonly Issue[];
  readonly steps: readonly StepRead[];
  /** Ids whose output, not only status, is read. */
  readonly outputs: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  readonly roots: ReadonlySet<string>;
  /** The schema of the whole, where it is a path. */
  readonly schema: Schema | undefined;
}
interface Around {
  readonly facts: Facts;
  readonly locals: ReadonlyMap<string, Schema | undefined>;
}

/** Names that CEL itself brings. */
const CEL_NAMES: ReadonlySet<string> = new Set([
  'string',
  'bool',
  'int',
  'uint',
  'double',
  'map',
  'list',
  'bytes',
  'null_type',
  'type',
  'optional',
  'cel',
  'google',
]);

export function walkExpression(tree: ASTNode, scope: PlaybookScope, place: Place): WalkResult {
  const walk: Walk = { scope, place, issues: [], steps: [], outputs: new Set(), secrets: new Set(), roots: new Set() };
  const schema = visit(tree, walk, { facts: place.facts, locals: new Map() });
  checkSecret(tree, walk);
  return {
    issues: walk.issues,
    steps: walk.steps,
    outputs: walk.outputs,
    secrets: walk.secrets,
    roots: walk.roots,
    schema,
  };
}

/** @returns the schema of what the node reads, where it is known. */
function visit(node: ASTNode, walk: Walk, around: Around): Schema | undefined {
  switch (node.op) {
    case 'id':
      return visitName(node, walk, around);
    case '.':
    case '[]':
    case '.?':
    case '[?]':
      return visitAccess(node, walk, around, !isOptionalChain(node));
    case '&&':
    case '||': {
      const [left, right] = node.args;
      visit(left, walk, around);
      visit(right, walk, { ...around, facts: union(around.facts, factsWhen(left, node.op === '&&')) });
      return undefined;
    }
    case '?:': {
      const [condition, yes, no] = node.args;
      visit(condition, walk, around);
      const whenTrue = visit(yes, walk, { ...around, facts: union(around.facts, factsWhen(condition, true)) });
      const whenFalse = visit(no, walk, { ...around, facts: union(around.facts, factsWhen(condition, false)) });
      return whenTrue === whenFalse ? whenTrue : undefined;
    }
    case 'call': {
      const [argument] = node.args[1];
      if (node.args[0] === 'has' && argument !== undefined) {
        if (argument.op === '.') visitAccess(argument, walk, around, false);
        return undefined;
      }
      break;
    }
    case 'rcall':
      if (visitComprehension(node, walk, around)) return undefined;
      break;
    default:
  }
  const schemas = childrenOf(node).map((child) => visit(child, walk, around));
  walk.issues.push(...checkLiterals(node, schemas));
  return undefined;
}

function visitName(node: ASTNode & { readonly op: 'id' }, walk: Walk, { locals }: Around): Schema | undefined {
  const name = node.args;
  if (locals.has(name)) return locals.get(name);
  if (name === 'output' && walk.place.output !== undefined) return read(walk, name, walk.place.output);
  if (walk.scope.roots.has(name)) return read(walk, name, walk.scope.roots.get(name));
  if (CEL_NAMES.has(name)) return undefined;
  const known = [...walk.scope.roots.keys(), 'steps', ...locals.keys(), ...(walk.place.output ? ['output'] : [])];
  const { start, end } = node;
  if (name === 'steps') {
    walk.issues.push({
      code: 'E_PLAYBOOK_EXPRESSION',
      message: '`steps` is read as `steps.<id>.output` or `steps.<id>.status`',
      start,
      end,
    });
    return undefined;
  }
  const inner = walk.scope.steps.has(name) ? `did you mean \`steps.${name}\`?` : propertyHint(name, walk);
  const hint =
    name === 'output'
      ? '`output` is what the step itself gave, known in `until` and `assert`'
      : (inner ?? didYouMean(name, known, `known here: ${listed(known)}`));
  walk.issues.push({ code: 'E_PLAYBOOK_UNKNOWN_NAME', message: `Unknown name \`${name}\``, hint, start, end });
  return undefined;
}

/** `isDrill` alone is meant as `run.isDrill`. */
function propertyHint(name: string, { scope }: Walk): string | undefined {
  for (const [root, schema] of scope.roots) {
    if (schema !== undefined && propertyOf(schema, name) !== undefined) return `did you mean \`${root}.${name}\`?`;
  }
  return undefined;
}

function read(walk: Walk, name: string, schema: Schema | undefined): Schema | undefined {
  walk.roots.add(name);
  return schema;
}

/** `a.b`, `a["b"]`, `a[0]`. With `mustBePresent` false it is the argument of has(). */
function visitAccess(node: ASTNode, walk: Walk, around: Around, mustBePresent: boolean): Schema | undefined {
  const field = fieldOf(node);
  if (field === undefined) {
    const [list, index] = childrenOf(node);
    if (index !== undefined) visit(index, walk, around);
    const schema = list === undefined ? undefined : visit(list, walk, around);
    return schema === undefined ? undefined : itemsOf(schema);
  }
  if (field.base.op === 'id' && field.base.args === 'steps' && !around.locals.has('steps')) {
    const step = resolveStep(node, field, walk);
    return step === undefined ? undefined : stepViewSchema(step.output);
  }
  const base = visit(field.base, walk, around);
  noteOutput(field.base, field.name, walk, around);
  if (base === undefined) return undefined;
  const property = propertyOf(base, field.name);
  if (property === undefined) {
    if (isClosedObject(base)) walk.issues.push(unknownField(field, base));
    return undefined;
  }
  const path = pathText(node);
  const isKnown = requiredOf(base).includes(field.name) || (path !== undefined && around.facts.has(path));
  const isStepOutput = path !== undefined && /^steps\.\w+\.output$/.test(path);
  if (mustBePresent && !isKnown && !isStepOutput) {
    walk.issues.push({
      code: 'E_PLAYBOOK_OPTIONAL',
      message: `\`${path ?? field.name}\` may be absent`,
      hint:
        path === undefined
          ? 'read it only where has() says it is there'
          : `write \`has(${path}) && …\` or \`has(${path}) ? … : …\``,
      start: field.start,
      end: field.end,
    });
  }
  if (mustBePresent && isStepOutput && !isKnown) reportUnguarded(field, path, walk);
  return property;
}

function noteOutput(base: ASTNode, name: string, walk: Walk, { locals }: Around): void {
  const path = locals.has('steps') ? undefined : pathText(base);
  const match = name === 'output' && path !== undefined ? /^steps\.(\w+)$/.exec(path) : null;
  if (match?.[1] !== undefined) walk.outputs.add(match[1]);
}

function reportUnguarded(field: { readonly base: ASTNode; readonly end: number }, path: string, walk: Walk): void {
  const id = path.split('.')[1] ?? '';
  const step = walk.scope.steps.get(id);
  const { reader } = walk.place;
  const isVisible = step !== undefined && visibility(reader, step) === 'visible';
  const reason = isVisible ? missingReason(reader, step) : undefined;
  if (reason === undefined) return;
  walk.issues.push({
    code: 'E_PLAYBOOK_UNGUARDED',
    message: `\`steps.${id}\` may have no output here: ${reason}`,
    hint: `guard it: \`steps.${id}.status == 'done' && …\`, here or in the \`when\` of this step`,
    start: field.base.start,
    end: field.end,
  });
}

function unknownField(
  field: { readonly name: string; readonly base: ASTNode; readonly start: number; readonly end: number },
  base: Schema,
): Issue {
  const known = Object.keys(propertiesOf(base) ?? {});
  const owner = pathText(field.base);
  const { name, start, end } = field;
  if (owner === 'secrets' || owner === 'env') {
    const hint = didYouMean(name, known, `name it under \`requires.${owner}\``);
    return {
      code: 'E_PLAYBOOK_UNKNOWN_NAME',
      message: `\`${owner}.${name}\` is not named in \`requires.${owner}\``,
      hint,
      start,
      end,
    };
  }
  if (owner === 'inputs') {
    const hint = didYouMean(
      name,
      known,
      known.length === 0 ? 'this playbook has no inputs' : `its inputs: ${listed(known)}`,
    );
    return { code: 'E_PLAYBOOK_UNKNOWN_NAME', message: `Unknown input \`${name}\``, hint, start, end };
  }
  const step = owner === undefined ? undefined : /^steps\.(\w+)$/.exec(owner)?.[1];
  const noOutput = step !== undefined && name === 'output' && !known.includes('output');
  const hint = noOutput ? 'read the steps inside the group' : didYouMean(name, known, `it has: ${listed(known)}`);
  const message = noOutput
    ? `The group \`${step}\` has no output`
    : `Unknown field \`${name}\`${owner === undefined ? '' : ` of \`${owner}\``}`;
  return { code: 'E_PLAYBOOK_UNKNOWN_FIELD', message, hint, start, end };
}

function visitComprehension(node: ASTNode, walk: Walk, around: Around): boolean {
  const macro = comprehensionOf(node);
  if (macro !== undefined) {
    const list = visit(macro.list, walk, around);
    bind(macro.variable, list === undefined ? undefined : itemsOf(list), macro.rest, node, walk, around);
    return true;
  }
  if (node.op !== 'rcall' || node.args[0] !== 'bind') return false;
  const [, receiver, [variable, value, ...rest]] = node.args;
  if (receiver.op !== 'id' || receiver.args !== 'cel' || variable?.op !== 'id' || value === undefined) return false;
  bind(variable.args, visit(value, walk, around), rest, node, walk, around);
  return true;
}

function bind(
  name: string,
  schema: Schema | undefined,
  inside: readonly ASTNode[],
  node: ASTNode,
  walk: Walk,
  around: Around,
): void {
  if (name.startsWith('__') || walk.scope.roots.has(name) || name === 'steps' || name === 'output') {
    walk.issues.push({
      code: 'E_PLAYBOOK_EXPRESSION',
      message: `The variable \`${name}\` has a name that is taken`,
      hint: 'choose another',
      start: node.start,
      end: node.end,
    });
  }
  const prefix = `${name}.`;
  const facts = new Set([...around.facts].filter((fact) => !fact.startsWith(prefix)));
  let inner: Around = { facts, locals: new Map([...around.locals, [name, schema]]) };
  for (const part of inside) {
    visit(part, walk, inner);
    inner = { ...inner, facts: union(inner.facts, factsWhen(part, true)) };
  }
}
