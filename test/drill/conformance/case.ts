// What a topic of the conformance test consists of.
import type { DrillWorld } from '../../../engine/drill/world.ts';
import type { Json, JsonObject } from '../../../engine/json.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** One request, and the status that its answer has; the answer must satisfy the file's schema for it. */
export interface Case {
  readonly method: Method;
  /** As in the OpenAPI file. */
  readonly operation: string;
  readonly path: string;
  readonly body?: Json;
  readonly status: number;
}

export interface Topic {
  readonly name: string;
  /** Parts of the scenario's `world`, in which every operation of the topic has something to answer. */
  readonly world: JsonObject;
  /** Asked one after the other, in this order, of one world. */
  cases(world: DrillWorld): readonly Case[] | Promise<readonly Case[]>;
}

/** A case; `operation` with its parameters filled in is the path. */
export function of(
  method: Method,
  operation: string,
  given: {
    readonly ids?: readonly string[];
    readonly query?: string;
    readonly body?: Json;
    readonly status?: number;
  } = {},
): Case {
  const { ids = [], query = '', body, status = 200 } = given;
  let next = 0;
  const path = operation.replaceAll(/\{\w+\}/g, () => {
    next += 1;
    return ids[next - 1] ?? 'missing';
  });
  return { method, operation, path: `/v1${path}${query}`, status, ...(body === undefined ? {} : { body }) };
}

/** `/v1/users/:userId/ban` and `/users/{user_id}/ban` alike: names of parameters are nobody's business. */
export function shape(operation: string): string {
  return operation.replace(/^([A-Z]+) \/v1\//, '$1 /').replaceAll(/:\w+|\{\w+\}/g, '{}');
}
