// One request to a server on this machine. node:http and not fetch, which a run's gate has wrapped; an agent of its own, which
// knows no proxy of the shell's.
import { Agent, request } from 'node:http';

export interface AskOptions {
  readonly method?: 'GET' | 'POST';
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Asked {
  readonly status: number;
  readonly body: string;
}

/** @throws where there is no answer in time. */
export function ask(url: string, { method = 'GET', headers, body, timeoutMs, signal }: AskOptions): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      agent: new Agent(),
      timeout: timeoutMs,
      ...(headers === undefined ? {} : { headers }),
      ...(signal === undefined ? {} : { signal }),
    };
    const outgoing = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.once('error', reject);
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
