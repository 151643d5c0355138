// Stored events are never rewritten; what an older engine wrote is turned into today's form here, at reading.
import { RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { EVENT_VERSIONS } from '../run/event-rules.ts';

/** Pure: the data of version n in, the data of version n + 1 out. */
export type Upcaster = (data: JsonObject) => JsonObject;

export interface UpcastRules {
  /** `upcasters[type][n]` turns version n into n + 1. */
  readonly upcasters: { readonly [type: string]: { readonly [fromVersion: number]: Upcaster } };
  /** The version of each type this engine folds. */
  readonly versions: { readonly [type: string]: number };
}

/** Whoever raises a version in EVENT_VERSIONS adds the way from the old one here, and a fixture that must fold. */
export const UPCAST_RULES: UpcastRules = { upcasters: {}, versions: EVENT_VERSIONS };

/**
 * @returns the data and version as this engine knows them.
 * @throws E_STORE_NEWER where the type or its version is not known to this engine.
 */
export function upcast(
  event: { readonly type: string; readonly v: number; readonly data: JsonObject },
  rules: UpcastRules = UPCAST_RULES,
): { readonly v: number; readonly data: JsonObject } {
  const current = Object.hasOwn(rules.versions, event.type) ? rules.versions[event.type] : undefined;
  if (event.v === current) return event;
  if (current === undefined || event.v > current) {
    throw new RunbookError({
      code: 'E_STORE_NEWER',
      message: `The journal holds an event '${event.type}' of version ${event.v}, which this engine does not know`,
      hint: 'A newer runbook wrote it: install the version that the run names (runbook status) or newer',
    });
  }
  let data = event.data;
  for (let v = event.v; v < current; v += 1) {
    const step = rules.upcasters[event.type]?.[v];
    if (!step) {
      throw new RunbookError({
        code: 'E_INTERNAL',
        message: `No upcaster leads from version ${v} of '${event.type}' to ${v + 1}`,
      });
    }
    data = step(data);
  }
  return { v: current, data };
}
