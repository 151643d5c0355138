// What the JSON APIs around Clerk share: routes under a token, bodies, answers.

import { isJsonObject, type Json, type JsonObject } from '../../json.ts';
import { createRouter, type Route } from '../http/router.ts';
import type { HttpAnswer, HttpHandler } from '../http/server.ts';
import { isSameSecret } from '../same-secret.ts';

export interface RestRequest {
  readonly params: { readonly [name: string]: string };
  readonly query: URLSearchParams;
  readonly body: JsonObject;
}

/** Throws ApiProblem before anything changed, or answers; undefined is 204 without a body. */
export type RestHandler = (request: RestRequest) => { readonly status: number; readonly value?: Json };

export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface RestOptions {
  readonly token: string;
  /** Before the token in the header; `Bearer` if absent. */
  readonly scheme?: string;
  readonly routes: readonly Route<RestHandler>[];
  /** How this API writes an error. */
  readonly problem: (problem: ApiProblem) => Json;
  /** Of a request without the right token. */
  readonly unauthorized: { readonly status: number; readonly code: string };
}

export function createRestApi({ token, scheme = 'Bearer', routes, problem, unauthorized }: RestOptions): HttpHandler {
  const route = createRouter(routes);
  return ({ method, path, query, headers, body }): HttpAnswer => {
    try {
      if (!isSameSecret(headers.authorization ?? '', `${scheme} ${token}`)) {
        throw new ApiProblem(
          unauthorized.status,
          unauthorized.code,
          `The ${scheme === 'Bearer' ? 'bearer ' : ''}token is missing or wrong`,
        );
      }
      const match = route(method, path.length > 1 ? path.replace(/\/$/, '') : path);
      if (match === undefined) throw new ApiProblem(404, 'not_found', `${method} ${path} is not emulated`);
      const { status, value } = match.route.handler({ params: match.params, query, body: parseBody(body) });
      return answer(status, value);
    } catch (error) {
      if (error instanceof ApiProblem) return answer(error.status, problem(error));
      throw error;
    }
  };
}

function answer(status: number, value: Json | undefined): HttpAnswer {
  if (value === undefined) return { status, body: '' };
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}

function parseBody(text: string): JsonObject {
  if (text === '') return {};
  let value: Json;
  try {
    value = JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
  } catch {
    throw new ApiProblem(400, 'bad_request', 'The body is not JSON');
  }
  if (!isJsonObject(value)) throw new ApiProblem(400, 'bad_request', 'The body is not an object');
  return value;
}
