// Sends one request to a service of messages, waits where it says to come later, and says of a failure whether the message
// can have arrived.
import type { ActionContext } from '../../../engine/action.ts';
import { type Answer, exchange, RequestFailure } from '../../http/exchange.ts';
import type { PreparedRequest } from '../../http/prepare.ts';

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 1_048_576;
/** How often in all, where a service says that there was too much. */
const MAX_TRIES = 3;
/** A service that wants more patience than that is left to the step's `retry`. */
const LONGEST_WAIT_MS = 60_000;
const QUOTED_CHARACTERS = 300;
/** Statuspage answered 420 before it answered 429, and may still. */
const TOO_MUCH = new Set([420, 429]);
/** RFC 9110 15.5.9, RFC 8470: refused for now. */
const REFUSED_FOR_NOW = new Set([408, 425]);

/** @returns a 2xx. @throws RequestFailure, ChangeRefused where the engine kept it back */
export async function post(ctx: ActionContext, request: PreparedRequest): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await exchange(ctx, request, {
      expectStatus: ['1xx', '2xx', '3xx', '4xx', '5xx'],
      timeoutMs: TIMEOUT_MS,
      maxBodyBytes: MAX_ANSWER_BYTES,
      keepHeaders: ['retry-after'],
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    if (!TOO_MUCH.has(answer.status)) throw refusal(request, answer);
    const waitMs = waitOf(answer, tries, ctx.now());
    if (tries === MAX_TRIES || waitMs > LONGEST_WAIT_MS) throw refusal(request, answer);
    ctx.log(`${request.line}: too many messages; trying again in ${Math.ceil(waitMs / 1000)} s`);
    try {
      await ctx.sleep(waitMs);
    } catch (cause) {
      // Every try so far was refused.
      const message = `${request.line} was stopped while it waited to be sent`;
      throw new RequestFailure(message, { fate: 'not-happened', isTransient: true, cause });
    }
  }
}

/** RFC 9110 10.2.3: seconds, or a date. */
function waitOf({ headers }: Answer, tries: number, now: number): number {
  const given = headers['retry-after'];
  if (given === undefined) return 1000 * 2 ** (tries - 1);
  const seconds = /^\d+$/.test(given) ? Number(given) : (Date.parse(given) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : LONGEST_WAIT_MS + 1;
}

/** A 3xx or 4xx says that nothing was taken; a 5xx leaves it open. */
function refusal({ line }: PreparedRequest, { status, text, headers }: Answer): RequestFailure {
  const said = text.replace(/\s+/g, ' ').trim().slice(0, QUOTED_CHARACTERS);
  const after = headers['retry-after'] === undefined ? '' : ` (Retry-After: ${headers['retry-after']})`;
  return new RequestFailure(`${line} answered ${status}${after}${said === '' ? '' : `: ${said}`}`, {
    fate: status < 500 ? 'not-happened' : 'unknown',
    isTransient: status >= 500 || TOO_MUCH.has(status) || REFUSED_FOR_NOW.has(status),
  });
}
