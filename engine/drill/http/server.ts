// A server on loopback over node:http. It knows requests and answers, nothing of Clerk.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { messageOf, RunbookError } from '../../errors.ts';
import { listenOn, urlOf } from './listen.ts';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Empty where none was sent. */
  readonly body: string;
}
/** `cut` ends the connection without an answer. */
export type HttpAnswer =
  | 'cut'
  | {
      readonly status: number;
      readonly headers?: { readonly [name: string]: string };
      readonly body: string;
      /** The body goes out in pieces, with a wait between them. */
      readonly trickle?: { readonly chunkBytes: number; readonly wait: () => Promise<void> };
    };
export type HttpHandler = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

export interface LoopbackServer {
  readonly url: string;
  readonly port: number;
  /** Open connections are cut. */
  stop(): Promise<void>;
}

const LOOPBACK_HOSTS = ['127.0.0.1', '::1', 'localhost'];
/** Of a Host header: an address of loopback, or a name that RFC 6761 keeps for it. */
const LOOPBACK_NAME = /^(127(\.\d{1,3}){3}|\[::1\]|([a-z0-9-]+\.)*localhost)(:\d+)?$/i;
/** Larger than any body of a request that the emulated services take. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Listens on `port` (0: any free one); if it is taken and `fallBack` is set, on any free one.
 * @throws RunbookError E_DRILL_HOST for an address that others could reach, E_DRILL_PORT.
 */
export async function listenOnLoopback(
  options: { readonly host: string; readonly port: number; readonly fallBack: boolean },
  handler: HttpHandler,
): Promise<LoopbackServer> {
  const { host, port, fallBack } = options;
  if (!LOOPBACK_HOSTS.includes(host)) {
    throw new RunbookError({
      code: 'E_DRILL_HOST',
      message: `A drill's servers listen on loopback only, not on ${host}`,
      hint: `Use one of ${LOOPBACK_HOSTS.join(', ')}.`,
    });
  }
  const server = createServer((request, response) => {
    void serve(request, response, handler);
  });
  // Clients keep connections for the next step; a rehearsal has pauses of minutes.
  server.keepAliveTimeout = 60_000;
  const actual = await listenOn(server, { host, port, fallBack });
  return {
    url: urlOf('http', host, actual),
    port: actual,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, handler: HttpHandler): Promise<void> {
  try {
    // A web page may have its own name point here; then its browser says that name.
    if (!LOOPBACK_NAME.test(request.headers.host ?? 'localhost')) {
      return write(response, { status: 421, body: 'A drill answers only to names of this machine, such as localhost' });
    }
    const body = await readBody(request);
    if (body === undefined) return write(response, { status: 413, body: '' });
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const answer = await handler({
      method: request.method ?? 'GET',
      path: mark < 0 ? url : url.slice(0, mark),
      query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
      headers: request.headers,
      body,
    });
    if (answer === 'cut') request.socket.destroy();
    else if (answer.trickle !== undefined) await trickle(response, answer, answer.trickle);
    else write(response, answer);
  } catch (error) {
    // A client that went away needs no answer; any other throw is a fault of the handler's and must be seen.
    if (!response.writableEnded && !response.destroyed) write(response, { status: 500, body: messageOf(error) });
  }
}

function write(response: ServerResponse, answer: Exclude<HttpAnswer, 'cut'>): void {
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': Buffer.byteLength(answer.body) });
  // As text it leaves with the head in one write; as bytes it would take two.
  response.end(answer.body);
}

async function trickle(
  response: ServerResponse,
  answer: Exclude<HttpAnswer, 'cut'>,
  { chunkBytes, wait }: { readonly chunkBytes: number; readonly wait: () => Promise<void> },
): Promise<void> {
  const bytes = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': bytes.length });
  response.flushHeaders();
  for (let at = 0; at < bytes.length && !response.destroyed; at += chunkBytes) {
    if (at > 0) await wait();
    response.write(bytes.subarray(at, at + chunkBytes));
  }
  response.end();
}

function readBody(request: IncomingMessage): Promise<string | undefined> | string {
  if (request.method === 'GET' || request.method === 'HEAD') return '';
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.on('end', () => resolve(size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}
