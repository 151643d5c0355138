// Settings of the whole instance: who may sign up (restrictions: no way to read them but by changing them) and attack
// protection.
import type { Json, JsonObject } from '../../../json.ts';
import { PROTECTIONS, RESTRICTIONS } from '../../state/instance.ts';
import { invalidParameter } from '../errors.ts';
import { readBody } from '../parameters.ts';
import { requirePlan } from '../plan.ts';
import type { ClerkContext, ClerkRoute } from '../route.ts';

/** Nullable booleans by name. Silent: what null does. Ours leaves the setting as it is, like one that is absent. */
function readFlags<T extends string>(body: Json | undefined, names: readonly T[]): { [name in T]?: boolean } {
  const given = readBody(body, names);
  const flags: { [name in T]?: boolean } = {};
  for (const name of names) {
    const value = given[name] ?? null;
    if (value === null) continue;
    if (typeof value !== 'boolean') throw invalidParameter(name, 'must be a boolean');
    flags[name] = value;
  }
  return flags;
}

function presentRestrictions({ state }: ClerkContext): JsonObject {
  const { restrictions } = state.instance;
  const values = RESTRICTIONS.map((name) => [name, restrictions[name] ?? false] as const);
  return { object: 'instance_restrictions', ...Object.fromEntries(values) };
}

function presentProtect({ state }: ClerkContext): JsonObject {
  const { protect } = state.instance;
  const values = PROTECTIONS.map((name) => [name, protect[name] ?? false] as const);
  return { object: 'instance_protect', ...Object.fromEntries(values), checks_bypassed: false };
}

export const instanceSettingsRoutes: readonly ClerkRoute[] = [
  {
    method: 'PATCH',
    path: '/v1/instance/restrictions',
    // Silent: what an absent body does (the SDK sends none for {}). Ours changes nothing, and answers what holds.
    handler: ({ body, now }, context) => {
      requirePlan(context, 'restrictions');
      const values = readFlags(body, RESTRICTIONS);
      if (Object.keys(values).length > 0) context.commit({ type: 'restrictions.set', at: now, values });
      return presentRestrictions(context);
    },
  },
  {
    method: 'GET',
    path: '/v1/instance/protect',
    handler: (_request, context) => presentProtect(context),
  },
  {
    method: 'PATCH',
    path: '/v1/instance/protect',
    handler: ({ body, now }, context) => {
      const values = readFlags(body, PROTECTIONS);
      if (Object.keys(values).length > 0) context.commit({ type: 'protect.set', at: now, values });
      return presentProtect(context);
    },
  },
];
