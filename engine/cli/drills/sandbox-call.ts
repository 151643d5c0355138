// One request to the control API of a running sandbox.
import { ask } from '../../drill/http/ask.ts';
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
  const answer = await ask(`${url}/__world/${name}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    timeoutMs: TIMEOUT_MS,
  }).catch((cause: unknown) => {
    throw noSandbox(cause);
  });
  const { status, body: text } = answer;
  const value = JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
  if (status === 200) return value;
  const said = isJsonObject(value) && typeof value.error === 'string' ? value.error : text;
  throw new RunbookError({
    code: 'E_SANDBOX_REFUSED',
    message: `The sandbox did not do it: ${said}`,
    hint: 'docs/drills.md says what a sandbox takes',
  });
}
