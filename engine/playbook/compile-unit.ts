// One playbook's text, checked and compiled on its own. What it calls comes in, compiled already.
import type { Action } from '../action.ts';
import { isJsonObject, type JsonObject, type Schema } from '../json.ts';
import type { Collector } from './collector.ts';
import { checkInputDefault, objectOf, readOwnSchemas, toPlanInput } from './compile-inputs.ts';
import { compileStep } from './compile-steps.ts';
import { compileOutputs, compileVars } from './compile-vars.ts';
import { NO_FACTS } from './facts.ts';
import { indexSteps, type StepDraft } from './index-steps.ts';
import { checkName } from './names.ts';
import { type OutputReads, withReads } from './output-reads.ts';
import { checkPlainText } from './plain-text.ts';
import type { GroupStep, Plan, PlanNode } from './plan.ts';
import { durationAt, listAt, objectAt, textAt, textsAt } from './read.ts';
import type { ShapeCheck } from './schema.ts';
import { objectSchema } from './schema-shape.ts';
import { boundedSchema } from './schema-weight.ts';
import { createScope } from './scope.ts';
import type { Path, Source } from './source.ts';
import type { StepsOptions } from './step-options.ts';
import { type Callee, countNodes, type Unit } from './units.ts';
import type { ValueValidator } from './validate-value.ts';

export interface UnitContext {
  readonly actions: ReadonlyMap<string, Action>;
  readonly collector: Collector;
  readonly validator: ValueValidator;
  readonly checkShape: ShapeCheck;
  /** What the contacts file holds, where that is known. */
  readonly contacts: JsonObject | undefined;
  /** Other playbooks call it: its outputs are what they rely on. */
  readonly isCalled: boolean;
  /** The playbook that the step at this path calls; reports where there is none that is valid. */
  readonly callee: (name: string, at: Path) => Callee | undefined;
}

/** @returns undefined where there is an error; all are reported. */
export function compileUnit(source: Source, context: UnitContext): Callee | undefined {
  const { actions, collector, validator, checkShape, isCalled } = context;
  checkShape(source, collector);
  checkPlainText(source, collector);
  const playbook = source.value;
  if (!isJsonObject(playbook)) return undefined;
  const name = textAt(playbook, 'name') ?? '';
  if (name !== '') checkName(name, source.file, source.locate(['name']), collector);
  const shared = new Map<string, Schema>();
  const own = { what: 'input', path: ['inputs'], source, collector, validator, shared };
  const inputs = readOwnSchemas(objectAt(playbook, 'inputs'), own);
  for (const input of inputs) checkInputDefault(input, source, collector, validator);
  const requires = objectAt(playbook, 'requires') ?? {};
  const needed = textsAt(requires, 'secrets');
  const optional = textsAt(requires, 'optionalSecrets');
  const secrets = [...needed, ...optional];
  const env = textsAt(requires, 'env');
  const callees = new Map<Path, Callee>();
  const callee = (called: string, at: Path): Callee | undefined => {
    const found = context.callee(called, at);
    if (found !== undefined) callees.set(at, found);
    return found;
  };
  const written = { steps: listAt(playbook, 'steps'), finally: listAt(playbook, 'finally') };
  const index = indexSteps(written, { source, actions, collector, validator, shared, callee });
  const { drafts, steps } = index;
  const vars = objectAt(playbook, 'vars') ?? {};
  const scope = createScope({
    inputs: objectOf(inputs),
    env,
    secrets,
    steps,
    varNames: Object.keys(vars),
    contacts: context.contacts,
  });
  const reads: OutputReads = { read: new Set(), needed: new Set() };
  const calls = new Map<string, Unit>();
  const options: StepsOptions = { source, scope, collector, validator, actions, secrets, reads, calls };
  const compiledVars = compileVars(vars, options);
  const compileAll = (all: readonly StepDraft[]): PlanNode[] =>
    all.flatMap((draft, position) => compileStep(draft, position, { facts: NO_FACTS }, options) ?? []);
  const nodes = compileAll(drafts);
  const finals = compileAll(index.finally);
  // A run ends also where one of its outputs cannot be made; a call would fail.
  const ofOutputs = isCalled ? reads : { ...reads, needed: new Set<string>() };
  const outputs = compileOutputs(objectAt(playbook, 'outputs') ?? {}, { ...options, reads: ofOutputs });
  if (collector.hasErrors) return undefined;
  const called = [...callees.values()];
  const title = textAt(playbook, 'title') ?? name;
  const timeoutMs = durationAt(playbook, 'timeout');
  const root = groupOf('', nodes, { key: 'steps', title, source, reads });
  const unit: Unit = {
    name,
    title,
    ...descriptionOf(playbook),
    category: textAt(playbook, 'category') ?? 'other',
    severity: textAt(playbook, 'severity') ?? 'P2',
    symptoms: textsAt(playbook, 'symptoms'),
    tags: textsAt(playbook, 'tags'),
    inputs: inputs.map(toPlanInput),
    vars: compiledVars.templates,
    outputs: outputs.templates,
    requires: {
      secrets: union(needed, called, (one) => one.unit.requires.secrets),
      optionalSecrets: union(optional, called, (one) => one.unit.requires.optionalSecrets),
      env: union(env, called, (one) => one.unit.requires.env),
    },
    limits: smallest([limitsOf(playbook), ...called.map((one) => one.unit.limits)]),
    concurrency: playbook.concurrency === 'one' ? 'one' : 'many',
    root: timeoutMs === undefined ? root : { ...root, timeoutMs },
    ...(finals.length === 0
      ? {}
      : { finally: groupOf('finally', finals, { key: 'finally', title: 'Finally', source, reads }) }),
    paths: pathsOf([...nodes, ...finals]),
    calls,
    file: source.file,
    text: source.text,
  };
  return {
    name,
    input: inputSchema(unit),
    output: boundedSchema(objectSchema(outputs.schemas)),
    height: called.reduce((most, one) => Math.max(most, one.height + 1), 0),
    size: countNodes(nodes) + countNodes(finals) + 1 + called.reduce((sum, one) => sum + one.size, 0),
    unfitForFinally: unfit(drafts),
    timeoutMs,
    unit,
  };
}

function descriptionOf(playbook: JsonObject): { readonly description?: string } {
  const description = textAt(playbook, 'description');
  return description === undefined ? {} : { description };
}

function inputSchema({ inputs }: Unit): Schema {
  const optional = inputs.filter((input) => !input.required).map((input) => input.name);
  return objectSchema(Object.fromEntries(inputs.map((input) => [input.name, input.schema])), optional);
}

function groupOf(
  path: string,
  nodes: readonly PlanNode[],
  {
    key,
    title,
    source,
    reads,
  }: { readonly key: string; readonly title: string; readonly source: Source; readonly reads: OutputReads },
): GroupStep {
  return {
    kind: 'group',
    id: path,
    path,
    unit: '',
    index: 0,
    title,
    tags: [],
    location: source.locateKey([key]).location,
    onFailure: 'pause',
    isOutputRead: false,
    isOutputNeeded: false,
    steps: nodes.map((node) => withReads(node, reads)),
    parallel: 1,
  };
}

/** Ids are unique in the file; a loop is where its body is. */
function pathsOf(nodes: readonly PlanNode[], paths = new Map<string, string>()): ReadonlyMap<string, string> {
  for (const node of nodes) {
    paths.set(node.id, node.path);
    const around = node.kind === 'loop' ? node.body : node;
    if (around.kind === 'group') pathsOf(around.steps, paths);
  }
  return paths;
}

function limitsOf(playbook: JsonObject): Plan['limits'] {
  const limits = Object.entries(objectAt(playbook, 'limits') ?? {});
  return Object.fromEntries(limits.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}

function smallest(all: readonly Plan['limits'][]): Plan['limits'] {
  const limits = new Map<string, number>();
  for (const [kind, limit] of all.flatMap((one) => Object.entries(one)))
    limits.set(kind, Math.min(limit, limits.get(kind) ?? limit));
  return Object.fromEntries(limits);
}

function union(
  own: readonly string[],
  called: readonly Callee[],
  pick: (callee: Callee) => readonly string[],
): readonly string[] {
  // One that is called a thousand times brings its names once.
  return [...new Set([...own, ...[...new Set(called)].flatMap(pick)])];
}

/** The first step that cannot stand in a `finally`, in words. */
function unfit(drafts: readonly StepDraft[]): string | undefined {
  for (const { step, info, callee, children } of drafts) {
    if (step.onFailure === 'abort') return `its step \`${info.id}\` has \`onFailure: abort\``;
    if ('temporary' in step) return `its step \`${info.id}\` has \`temporary\``;
    const inner = callee?.unfitForFinally ?? unfit(children);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
