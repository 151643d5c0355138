// A plain web service for a test: nodes whose state is a file each, and a balancer before them with an admin address.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface NodeFile {
  readonly status: 'ok' | 'degraded' | 'down';
  readonly release: string;
  readonly previousRelease: string;
  readonly starts: number;
  /** What goes wrong at its next restart: `locked`, `breaks`, `stays-degraded`. */
  readonly faults: readonly string[];
}

export interface WebService {
  readonly url: string;
  /** Each change the balancer took: `web-1 draining`. */
  readonly traffic: string[];
  /** What the chat was told, once for each idempotency key. */
  readonly messages: string[];
  /** How often the chat was called. */
  chatCalls: number;
  /** That many answers of the chat get lost, after the message was taken. */
  lostAnswers: number;
  node(name: string): NodeFile;
  close(): Promise<void>;
}

const HEALTHY: NodeFile = { status: 'ok', release: '2.1.0', previousRelease: '2.0.0', starts: 1, faults: [] };

/** Under `folder`/state lies a file for each of `nodes`. */
export async function startWebService(
  folder: string,
  nodes: { readonly [name: string]: Partial<NodeFile> },
): Promise<WebService> {
  mkdirSync(join(folder, 'state'));
  const fileOf = (name: string): string => join(folder, 'state', `${name}.json`);
  for (const [name, more] of Object.entries(nodes))
    writeFileSync(fileOf(name), JSON.stringify({ ...HEALTHY, ...more }));
  const balanced = new Map(Object.keys(nodes).map((name) => [name, { state: 'in', inFlight: 0 }]));
  const keys = new Set<unknown>();
  let turn = 0;

  const service: WebService = {
    url: '',
    traffic: [],
    messages: [],
    chatCalls: 0,
    lostAnswers: 0,
    node: (name) => JSON.parse(readFileSync(fileOf(name), 'utf8')),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const part of request) text += part;
    const body = text === '' ? {} : JSON.parse(text);
    const [, place, ...rest] = (request.url ?? '').split('/');
    const answer = (status: number, value: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const health = (name: string): void => {
      const { status, release } = service.node(name);
      answer(status === 'ok' ? 200 : 503, { status, release, node: name });
    };
    if (place === 'nodes') return health(rest[0] ?? '');
    if (place === 'chat') {
      service.chatCalls += 1;
      const key = request.headers['idempotency-key'];
      if (!keys.has(key)) service.messages.push(body.text);
      keys.add(key);
      if (service.lostAnswers === 0) return answer(202, {});
      service.lostAnswers -= 1;
      response.destroy();
      return;
    }
    if (place === 'admin') {
      const name = rest[1];
      if (name === undefined) {
        return answer(
          200,
          [...balanced.keys()].map((one) => ({ name: one, url: `${service.url}/nodes/${one}` })),
        );
      }
      const node = balanced.get(name);
      if (!node) return answer(404, { error: 'no such node' });
      if (request.method === 'PUT') {
        node.state = body.state;
        node.inFlight = body.state === 'draining' ? 2 : 0;
        service.traffic.push(`${name} ${body.state}`);
        return answer(200, node);
      }
      answer(200, { name, ...node });
      // Requests end while they are counted.
      node.inFlight = Math.max(0, node.inFlight - 1);
      return;
    }
    const serving = [...balanced.keys()].filter((name) => balanced.get(name)?.state === 'in');
    turn += 1;
    const next = serving[turn % serving.length];
    return next === undefined ? answer(503, { error: 'no node is in traffic' }) : health(next);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return Object.assign(service, { url: `http://127.0.0.1:${port}` });
}
