// As much of Clerk's Backend API as these tests ask for, over real HTTP, with faults on demand. Bodies follow the
// OpenAPI file 2026-05-12 as far as the actions read them.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FakeClock } from '../fake-context.ts';

export interface ServedSession {
  id: string;
  userId: string;
  status: string;
  lastActiveAt: number;
  country?: string;
  city?: string;
  ip?: string;
}
export interface ServedUser {
  id: string;
  banned: boolean;
  createdAt: number;
  email: string;
  publicMetadata: object;
  privateMetadata: object;
}
interface UserOptions {
  readonly banned?: boolean;
  readonly sessions?: number;
  /** Of its sessions. */
  readonly status?: string;
  readonly email?: string;
  readonly publicMetadata?: object;
  readonly privateMetadata?: object;
}
interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly version: string | undefined;
  readonly body: string;
}
/**
 * What happens to a request besides its answer. `drop-before`, `drop-after`: the connection breaks before or after the
 * effect. Anything else is written instead of the answer; with `after` the effect happens first.
 */
export type Fault =
  | 'drop-before'
  | 'drop-after'
  | {
      readonly status: number;
      readonly code?: string;
      readonly headers?: { readonly [name: string]: string };
      readonly text?: string;
      readonly after?: boolean;
    };

export class ClerkServer {
  readonly users = new Map<string, ServedUser>();
  readonly sessions = new Map<string, ServedSession>();
  readonly requests: Request[] = [];
  fault: (request: Request) => Fault | undefined = () => undefined;
  revokeEnded: 'accept' | 'refuse' = 'refuse';
  bulkUnknown: 'leave-out' | 'refuse' = 'leave-out';
  /** Requests a window of 10 s, on the test's clock. */
  limit = Number.POSITIVE_INFINITY;
  refusals = 0;
  #admitted: number[] = [];
  readonly #clock: FakeClock;
  readonly #server: Server;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.#server = createServer((incoming, response) => {
      let body = '';
      incoming.on('data', (part: Buffer) => {
        body += part.toString('utf8');
      });
      incoming.on('end', () => {
        const url = new URL(incoming.url ?? '/', 'http://clerk.test');
        const version = incoming.headers['clerk-api-version'];
        this.#serve(
          {
            method: incoming.method ?? 'GET',
            path: url.pathname,
            query: url.searchParams,
            version: String(version),
            body,
          },
          response,
        );
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    // A TCP server that listens has an AddressInfo.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  addUser(name: string, options: UserOptions = {}): string {
    const id = `user_${name}`;
    this.users.set(id, {
      id,
      banned: options.banned ?? false,
      createdAt: 1000 + this.users.size,
      email: options.email ?? `${name}@example.com`,
      publicMetadata: options.publicMetadata ?? {},
      privateMetadata: options.privateMetadata ?? {},
    });
    for (let n = 0; n < (options.sessions ?? 0); n++)
      this.addSession(id, `${name}${n}`, { status: options.status ?? 'active' });
    return id;
  }

  addSession(userId: string, name: string, more: Partial<ServedSession> = {}): string {
    const id = `sess_${name}`;
    this.sessions.set(id, { id, userId, status: 'active', lastActiveAt: this.#clock.now(), ...more });
    return id;
  }

  openSessionsOf(userId: string): number {
    return [...this.sessions.values()].filter((one) => one.userId === userId && /^(active|pending)$/.test(one.status))
      .length;
  }

  sent(method: string, path?: RegExp): Request[] {
    return this.requests.filter((one) => one.method === method && (path === undefined || path.test(one.path)));
  }

  #serve(request: Request, response: ServerResponse): void {
    this.requests.push(request);
    const wait = this.#overLimit();
    const fault = wait === undefined ? this.fault(request) : undefined;
    if (wait !== undefined) {
      this.refusals++;
      answer(response, 429, failure('rate_limit_exceeded'), { 'retry-after': String(wait) });
    } else if (fault === undefined) {
      const [status, body] = this.#route(request);
      answer(response, status, JSON.stringify(body));
    } else {
      if (fault === 'drop-after' || (fault !== 'drop-before' && fault.after === true)) this.#route(request);
      if (typeof fault === 'string') response.socket?.destroy();
      else writeFault(response, fault);
    }
  }

  #overLimit(): number | undefined {
    const now = this.#clock.now();
    this.#admitted = this.#admitted.filter((at) => at > now - 10_000);
    if (this.#admitted.length < this.limit) {
      this.#admitted.push(now);
      return undefined;
    }
    return Math.max(1, Math.ceil(((this.#admitted[0] ?? now) + 10_000 - now) / 1000));
  }

  #route({ method, path, query, body }: Request): [number, unknown] {
    if (path === '/v1/users/count') return [200, { object: 'total_count', total_count: this.users.size }];
    if (path === '/v1/users' && method === 'GET') return this.#listUsers(query);
    if (path === '/v1/users/ban' || path === '/v1/users/unban') return this.#setBanned(body, path.endsWith('/ban'));
    if (path === '/v1/sessions') return this.#listSessions(query);
    const [, id = '', verb] = /^\/v1\/sessions\/(\w+)(?:\/(revoke))?$/.exec(path) ?? [];
    const session = this.sessions.get(id);
    if (session === undefined) return [404, JSON.parse(failure('resource_not_found'))];
    if (verb === 'revoke') {
      const isOpen = session.status === 'active' || session.status === 'pending';
      if (!isOpen && this.revokeEnded === 'refuse') return [400, JSON.parse(failure('session_not_active'))];
      if (isOpen) session.status = 'revoked';
    }
    return [200, sessionJson(session)];
  }

  #listUsers(query: URLSearchParams): [number, unknown] {
    const ids = query.getAll('user_id');
    const limit = Number(query.get('limit') ?? 10);
    if (ids.length > 100 || limit > 500) return [422, JSON.parse(failure('form_param_invalid'))];
    let users = [...this.users.values()].sort((a, b) => a.createdAt - b.createdAt);
    if (ids.length > 0) users = users.filter((user) => ids.includes(user.id));
    const after = query.get('created_at_after');
    if (after !== null) users = users.filter((user) => user.createdAt > Number(after));
    const cursor = query.get('starting_after');
    if (cursor !== null) {
      const at = users.findIndex((user) => user.id === cursor);
      users = at < 0 ? [] : users.slice(at + 1);
    }
    return [200, users.slice(0, limit).map(userJson)];
  }

  #setBanned(body: string, wanted: boolean): [number, unknown] {
    const { user_ids: ids } = JSON.parse(body) as { user_ids: string[] };
    if (ids.length < 1 || ids.length > 50) return [400, JSON.parse(failure('form_param_invalid'))];
    if (this.bulkUnknown === 'refuse' && ids.some((id) => !this.users.has(id)))
      return [404, JSON.parse(failure('resource_not_found'))];
    const found = ids.flatMap((id) => this.users.get(id) ?? []);
    for (const user of found) {
      user.banned = wanted;
      if (wanted)
        for (const session of this.sessions.values()) if (session.userId === user.id) session.status = 'revoked';
    }
    return [200, found.map(userJson)];
  }

  #listSessions(query: URLSearchParams): [number, unknown] {
    const limit = Number(query.get('limit') ?? 10);
    const offset = Number(query.get('offset') ?? 0);
    const all = [...this.sessions.values()].filter((one) => one.userId === query.get('user_id')).reverse();
    return [200, { data: all.slice(offset, offset + limit).map(sessionJson), total_count: all.length }];
  }
}

function writeFault(response: ServerResponse, fault: Exclude<Fault, string>): void {
  answer(response, fault.status, fault.text ?? failure(fault.code ?? 'internal_clerk_error'), fault.headers);
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  headers?: { readonly [name: string]: string },
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

function failure(code: string): string {
  return JSON.stringify({ errors: [{ code, message: code, long_message: `long ${code}` }], clerk_trace_id: 'trace_1' });
}

function userJson(user: ServedUser): object {
  const addresses = [{ object: 'email_address', id: 'idn_1', email_address: user.email }];
  return {
    object: 'user',
    id: user.id,
    banned: user.banned,
    locked: false,
    created_at: user.createdAt,
    email_addresses: addresses,
    public_metadata: user.publicMetadata,
    private_metadata: user.privateMetadata,
  };
}

function sessionJson(one: ServedSession): object {
  const place = { country: one.country, city: one.city, ip_address: one.ip };
  const activity =
    one.country === undefined && one.city === undefined && one.ip === undefined
      ? null
      : { object: 'session_activity', id: 'a', is_mobile: false, ...place };
  return {
    object: 'session',
    id: one.id,
    user_id: one.userId,
    client_id: 'client_1',
    status: one.status,
    last_active_at: one.lastActiveAt,
    latest_activity: activity,
    expire_at: 1,
    abandon_at: 1,
    created_at: 1,
    updated_at: 1,
    actor: null,
  };
}
