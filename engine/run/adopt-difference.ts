// What a changed playbook does otherwise, step by step, from the texts of the two. Pure.
import type { Plan, PlanNode } from '../playbook/plan.ts';
import { parentPath } from './paths.ts';
import { isFinal, type RunState } from './state.ts';

/** A line a step that was added, removed, changed or moved; then what stands above and below the steps. */
export function stepDifference(oldPlan: Plan, newPlan: Plan, state: RunState): readonly string[] {
  const [before, after] = [stepTexts(oldPlan), stepTexts(newPlan)];
  const added = [...after.keys()].filter((path) => !before.has(path));
  const removed = [...before.keys()].filter((path) => !after.has(path));
  const changed = [...after.keys()].filter((path) => before.has(path) && before.get(path) !== after.get(path));
  return [
    ...added.map((path) => `added ${path}${lateText(path, state)}`),
    ...removed.map((path) => `removed ${path}`),
    ...changed.map((path) => `changed ${path}${state.steps.has(path) ? ' (it has had its turn)' : ''}`),
    ...moved(oldPlan, newPlan).map(
      (path) => `changed the order of the steps in ${path === '' ? 'the playbook' : path}`,
    ),
    ...headsChanged(oldPlan, newPlan),
  ];
}

function lateText(path: string, state: RunState): string {
  const parent = parentPath(path);
  const group = parent === undefined ? undefined : state.steps.get(parent);
  return group && isFinal(group.phase) ? ' (its turn does not come: what it stands in has ended)' : '';
}

/** By path: what is written from its first line to the next step's, without what a playbook says after its steps. */
function stepTexts(plan: Plan): ReadonlyMap<string, string> {
  const nodes = [...plan.nodes.values()].filter((node) => isWritten(node));
  const starts = new Map<string, number[]>();
  for (const { location } of nodes) {
    const lines = starts.get(location.file) ?? [];
    lines.push(location.line);
    starts.set(location.file, lines);
  }
  for (const lines of starts.values()) lines.sort((a, b) => a - b);
  const sources = sourcesOf(plan);
  return new Map(
    nodes.map(({ path, location }) => {
      const following = starts.get(location.file)?.find((line) => line > location.line);
      return [path, slice(sources.get(location.file) ?? [], location.line - 1, following)];
    }),
  );
}

/** The body of a loop is written where the loop is; the root and what is `finally` are written as lists. */
function isWritten({ path, id }: PlanNode): boolean {
  return path !== '' && !path.endsWith('[]') && id !== 'finally';
}

function sourcesOf(plan: Plan): ReadonlyMap<string, readonly string[]> {
  return new Map([...plan.units.values()].map(({ file, text }) => [file, text.split(/\r?\n/)]));
}

function slice(lines: readonly string[], from: number, following: number | undefined): string {
  const own = lines.slice(from, following === undefined ? undefined : following - 1);
  const end = own.findIndex((line, index) => index > 0 && /^[a-z]/.test(line));
  return normal(end === -1 ? own : own.slice(0, end));
}

function normal(lines: readonly string[]): string {
  return lines
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '' && !/^\s*#/.test(line))
    .join('\n');
}

/** Containers in which steps of both stand in another order. */
function moved(oldPlan: Plan, newPlan: Plan): readonly string[] {
  const found: string[] = [];
  for (const [path, node] of newPlan.nodes) {
    const before = oldPlan.nodes.get(path);
    if (!before) continue;
    const [was, is] = [idsOf(before), idsOf(node)];
    const both = (ids: readonly string[], others: readonly string[]): string => {
      const known = new Set(others);
      return ids.filter((id) => known.has(id)).join(' ');
    };
    if (both(was, is) !== both(is, was)) found.push(path);
  }
  return found;
}

function idsOf(node: PlanNode): readonly string[] {
  return node.kind === 'group' || node.kind === 'call' ? node.steps.map((step) => step.id) : [];
}

/** What is written outside the steps: inputs, vars, limits, outputs. */
function headsChanged(oldPlan: Plan, newPlan: Plan): readonly string[] {
  const [before, after] = [headsOf(oldPlan), headsOf(newPlan)];
  return [...after]
    .filter(([name, text]) => before.has(name) && before.get(name) !== text)
    .map(([name]) => `changed what ${name} says outside its steps`);
}

function headsOf(plan: Plan): ReadonlyMap<string, string> {
  return new Map([...plan.units.values()].map(({ name, text }) => [name, normal(withoutSteps(text))]));
}

function withoutSteps(text: string): readonly string[] {
  let isSteps = false;
  return text.split(/\r?\n/).filter((line) => {
    const key = /^([a-z][\w-]*):/.exec(line)?.[1];
    if (key !== undefined) isSteps = key === 'steps' || key === 'finally';
    return !isSteps;
  });
}
