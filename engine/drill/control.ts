// Views of a world beside Clerk's API, for people who watch and for tests; and, in a sandbox, what changes it. Never for a web
// page: a request that a browser made for one is refused, and whatever a sandbox answers needs its token.

import { messageOf } from '../errors.ts';
import type { Fault } from './fault-spec.ts';
import type { HttpAnswer, HttpHandler, HttpRequest } from './http/server.ts';
import { isSameSecret } from './same-secret.ts';
import { parseFault, parseHappening } from './scenario.ts';
import type { Mutation } from './state/mutation.ts';
import type { Happening } from './timeline/spec.ts';

export const CONTROL_PREFIX = '/__world/';
/** Tells which world answers, to anybody on this machine. */
export const ID_PATH = `${CONTROL_PREFIX}id`;

export interface ControlOptions {
  readonly worldId: string;
  /** By name; read with GET. */
  readonly views: { readonly [name: string]: () => unknown };
  /** Absent in a drill: its world is only looked at. */
  readonly sandbox?: {
    readonly token: string;
    readonly addFault: (fault: Fault) => void;
    readonly clearFaults: () => void;
    readonly happen: (happening: Happening) => readonly Mutation[];
    readonly reset: () => void;
  };
}

export function createControl({ worldId, views, sandbox }: ControlOptions): HttpHandler {
  const commands: { readonly [name: string]: (body: unknown) => unknown } =
    sandbox === undefined
      ? {}
      : {
          fault: (body) => {
            const fault = parseFault(body);
            sandbox.addFault(fault);
            return { fault };
          },
          'clear-faults': () => {
            sandbox.clearFaults();
            return { faults: [] };
          },
          attack: (body) => ({ changes: sandbox.happen(parseHappening(body)) }),
          reset: () => {
            sandbox.reset();
            return { reset: true };
          },
        };
  return (request) => {
    if (request.headers.origin !== undefined || isCrossSite(request)) {
      return answer(403, { error: 'The control API of a drill world answers no web page' });
    }
    const name = request.path.slice(CONTROL_PREFIX.length);
    if (request.path === ID_PATH && request.method === 'GET') return answer(200, { worldId });
    if (sandbox !== undefined && !isToken(request, sandbox.token)) {
      return answer(401, { error: 'The token that runbook sandbox printed is needed: Authorization: Bearer TOKEN' });
    }
    const known = request.method === 'GET' ? views : commands;
    const command = Object.hasOwn(known, name) ? known[name] : undefined;
    if (command === undefined || !['GET', 'POST'].includes(request.method)) {
      const all = [
        ...Object.keys(views).map((one) => `GET ${one}`),
        ...Object.keys(commands).map((one) => `POST ${one}`),
      ];
      return answer(404, { error: `There is no ${request.method} ${request.path}; there are ${all.join(', ')}` });
    }
    try {
      return answer(200, command(request.body === '' ? {} : JSON.parse(request.body)));
    } catch (error) {
      return answer(422, { error: messageOf(error) });
    }
  };
}

/** Browsers say whence a request comes even where they send no Origin (images, forms, links). */
function isCrossSite({ headers }: HttpRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'none';
}

function isToken({ headers: { authorization = '' } }: HttpRequest, token: string): boolean {
  return isSameSecret(authorization, `Bearer ${token}`);
}

function answer(status: number, value: unknown): HttpAnswer {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}
