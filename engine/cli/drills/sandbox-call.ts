// One request to the control API of a running sandbox. Never through a proxy of the shell's: it is on this machine.
import { Agent, request } from 'node:http';
import { RunbookError } from '../../errors.ts';
import { isJsonObject, type Json } from '../../json.ts';
import { noSandbox, type RunningSandbox } from './sandbox-file.ts';

const TIMEOUT_MS = 10_000;

/** @throws E_SANDBOX_NONE where nobody answers, E_SANDBOX_REFUSED where it was not done. */
export async function callSandbox(
  { url, token }: RunningSandbox,
  method: 'GET' | 'POST',
  name: string,
  body?: Json,
): Promise<Json> {
  const { status, text } = await send(`${url}/__world/${name}`, { method, token, body }).catch((cause: unknown) => {
    throw noSandbox(cause);
  });
  const value = JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
  if (status === 200) return value;
  const said = isJsonObject(value) && typeof value.error === 'string' ? value.error : text;
  throw new RunbookError({
    code: 'E_SANDBOX_REFUSED',
    message: `The sandbox did not do it: ${said}`,
    hint: 'docs/drills.md says what a sandbox takes',
  });
}

interface Sent {
  readonly method: string;
  readonly token: string;
  readonly body: Json | undefined;
}

function send(url: string, { method, token, body }: Sent): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const outgoing = request(url, { method, headers, agent: new Agent(), timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
