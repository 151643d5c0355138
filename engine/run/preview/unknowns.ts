// What only the run itself will tell, and which expressions hang on it. An expression that mentions any of it is not
// evaluated, whatever its value might be: a plan guesses nothing.
import { isNameWithin } from '../../playbook/names-read.ts';
import type { Expression, Instead, Plan } from '../../playbook/plan.ts';
import { loopsAround, nodeAt, pathSeenFrom } from '../paths.ts';
import type { ScopePlace } from '../scope.ts';

type Reader = Pick<Expression, 'reads' | 'readsSteps'>;

export interface UnknownRead {
  /** What is read, as it is spelt: `steps.ban.output`. */
  readonly name: string;
  readonly why: string;
}

export interface Unknowns {
  /** `part`: of the step's view, `output` or `output.users`; absent: all of it, its status too. */
  step(path: string, why: string, part?: string): void;
  /** `name`: `inputs.users` or `vars.since` of the playbook that is called at this path. */
  ofCall(path: string, name: string, why: string): void;
  /** The list of a loop. */
  items(path: string, why: string): void;
  isStepUnknown(path: string): boolean;
  /** The first thing it reads that is not known; undefined: it can be evaluated. */
  of(reader: Reader, place: ScopePlace): UnknownRead | undefined;
  /** Leaves each expression that hangs on what is not known as it is written. */
  instead(
    place: ScopePlace,
    onUnknown?: (read: UnknownRead, source: string, path: readonly unknown[]) => void,
  ): Instead;
  /** With `[]` in the place of the one instance that stands for all where the list is not known. */
  shown(path: string): string;
}

export function createUnknowns(plan: Plan): Unknowns {
  const steps = new Map<string, Map<string, string>>();
  const calls = new Map<string, Map<string, string>>();
  const lists = new Map<string, string>();

  const localsAt = (place: ScopePlace): ReadonlyMap<string, string> => {
    const names = new Map<string, string>();
    if (lists.size === 0) return names;
    for (const { loop } of loopsAround(place.path)) {
      const node = nodeAt(plan, loop);
      if (node?.kind !== 'loop' || node.unit !== place.unit) continue;
      const why = lists.get(loop);
      for (const name of ['item', node.as]) {
        if (why === undefined) names.delete(name);
        else names.set(name, why);
      }
    }
    return names;
  };
  const ofStep = (name: string, place: ScopePlace): string | undefined => {
    const id = name.split('.')[1] ?? '';
    const path = plan.units.get(place.unit)?.paths.get(id);
    const parts = path === undefined ? undefined : steps.get(pathSeenFrom(place.path, path));
    for (const [part, why] of parts ?? [])
      if (isNameWithin(name, part === '' ? `steps.${id}` : `steps.${id}.${part}`)) return why;
    return undefined;
  };
  const of = (reader: Reader, place: ScopePlace): UnknownRead | undefined => {
    const ofUnit = calls.get(pathSeenFrom(place.path, place.unit));
    const locals = localsAt(place);
    const around = [...(ofUnit ?? []), ...locals];
    // An expression that does not say what it reads may read anything.
    const names = reader.reads ?? [...reader.readsSteps.map((id) => `steps.${id}`), ...around.map(([name]) => name)];
    for (const name of names) {
      const why = name.startsWith('steps.')
        ? ofStep(name, place)
        : around.find(([unknown]) => isNameWithin(name, unknown))?.[1];
      if (why !== undefined) return { name, why };
    }
    return undefined;
  };
  return {
    step: (path, why, part = '') => note(steps, path, part, why),
    ofCall: (path, name, why) => note(calls, path, name, why),
    items: (path, why) => void lists.set(path, why),
    isStepUnknown: (path) => steps.has(path),
    of,
    instead: (place, onUnknown) => (expression, path) => {
      const read = of(expression, place);
      if (read === undefined) return undefined;
      onUnknown?.(read, expression.source.trim(), path);
      return `\${{ ${expression.source.trim()} }}`;
    },
    shown(path) {
      let shown = path;
      // From the end, so that what comes before keeps its place.
      for (const { loop } of loopsAround(path).toReversed())
        if (lists.has(loop)) shown = `${loop}[]${shown.slice(shown.indexOf(']', loop.length) + 1)}`;
      return shown;
    },
  };
}

/** What was said first of the same stands. */
function note(all: Map<string, Map<string, string>>, path: string, part: string, why: string): void {
  const known = all.get(path);
  if (known === undefined) all.set(path, new Map([[part, why]]));
  else if (!known.has(part)) known.set(part, why);
}
