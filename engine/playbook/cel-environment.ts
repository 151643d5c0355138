// The one place where cel-js environments are made. A playbook has one base with what every expression sees; an
// expression's own environment adds the types of the steps it reads. Steps are read through slots (`__step0`), and
// environments are shared by the tuple of slot types, so that 20,000 steps of one action need one environment.
import { Environment } from '@marcbachmann/cel-js';
import type { CelObjectType, CelType } from './cel-types.ts';

export type Environments = (own: { readonly slots: readonly CelType[]; readonly output?: CelType }) => Environment;

const LIMITS = { maxAstNodes: 5_000, maxDepth: 60, maxListElements: 1_000, maxMapEntries: 1_000, maxCallArguments: 32 };
const MOST_KEPT = 128;

/** Slot variables start like this; no name of an author may. */
export const SLOT_PREFIX = '__step';

export function createEnvironments(roots: ReadonlyMap<string, CelType>): Environments {
  const base = new Environment({ limits: LIMITS, enableOptionalTypes: true });
  const registered = new Set<string>();
  for (const [name, type] of roots) {
    registerObjects(base, type.objects, registered);
    base.registerVariable(name, type.name);
  }
  const kept = new Map<string, Environment>();
  return ({ slots, output }) => {
    if (slots.length === 0 && output === undefined) return base;
    const key = JSON.stringify([
      slots.map((slot) => slot.name),
      output?.name,
      output?.objects.map((object) => object.name),
    ]);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const environment = base.clone();
    const own = new Set(registered);
    slots.forEach((slot, index) => {
      registerObjects(environment, slot.objects, own);
      environment.registerVariable(`${SLOT_PREFIX}${index}`, slot.name);
    });
    if (output !== undefined) {
      registerObjects(environment, output.objects, own);
      environment.registerVariable('output', output.name);
    }
    // The oldest goes first; it is made again when needed.
    const oldest = kept.keys().next().value;
    if (kept.size >= MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(key, environment);
    return environment;
  };
}

function registerObjects(environment: Environment, objects: readonly CelObjectType[], registered: Set<string>): void {
  for (const { name, fields, constructorOf } of objects) {
    if (registered.has(name)) continue;
    registered.add(name);
    environment.registerType(name, { ctor: constructorOf, fields });
  }
}
