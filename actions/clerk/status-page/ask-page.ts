// Asks a status page in each of the forms that such pages have, until one answers with a status.
import { type ActionContext, ChangeRefused, type Json } from '../../../engine/action.ts';
import { readBounded } from '../../http/body.ts';
import { follow, RedirectFailure } from '../../http/follow.ts';
import { networkFaultOf, networkText } from '../../http/network.ts';
import type { StatusPage } from './page.ts';
import { readStatusPage } from './read-page.ts';

/** Best first: the first two tell components and incidents. The last one is what old instructions ask. */
export const PATHS = [
  '/api/v2/summary.json',
  '/api/v2/status.json',
  '/api/v1/summary',
  '/summary.json',
  '/api/v1/status.json',
  '/api/v1/status',
] as const;

const TIMEOUT_MS = 5000;
const MAX_REDIRECTS = 5;
const MAX_BODY_BYTES = 2_097_152;
/** So many without any answer, and the others will have none. */
const MAX_UNANSWERED = 2;

export type Asked =
  | { readonly kind: 'read'; readonly source: string; readonly page: StatusPage }
  /** It answered, and with nothing that says how Clerk is. */
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'unreachable'; readonly why: string };

/** @throws what the step's signal says where it was stopped; ChangeRefused where the engine kept the request back. */
export async function askPage(ctx: ActionContext, base: string): Promise<Asked> {
  const answers: string[] = [];
  let unanswered = 0;
  for (const path of PATHS) {
    const found = await ask(ctx, base + path);
    if (found.kind === 'read') return { kind: 'read', source: path, page: found.page };
    answers.push(`${path}: ${found.why}`);
    if (found.kind === 'no-answer') unanswered++;
    // No name, nobody there, no trust: it is the same for every path.
    if (unanswered === MAX_UNANSWERED || (found.kind === 'no-answer' && found.isForGood)) break;
  }
  const kind = unanswered === answers.length ? 'unreachable' : 'unreadable';
  return { kind, why: answers.join('; ') };
}

type Answer =
  | { readonly kind: 'read'; readonly page: StatusPage }
  | { readonly kind: 'no-status'; readonly why: string }
  | { readonly kind: 'no-answer'; readonly why: string; readonly isForGood: boolean };

async function ask(ctx: ActionContext, url: string): Promise<Answer> {
  try {
    const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const headers = { accept: 'application/json' };
    const { response } = await follow(ctx, url, { method: 'GET', headers, signal, maxHops: MAX_REDIRECTS });
    const { text } = await readBounded(response, MAX_BODY_BYTES);
    const shape = text.trimStart().startsWith('<') ? 'an HTML page' : 'JSON of an unknown shape';
    if (!response.ok) return { kind: 'no-status', why: `answered ${response.status}` };
    const page = readStatusPage(parse(text));
    return page === undefined ? { kind: 'no-status', why: shape } : { kind: 'read', page };
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (error instanceof ChangeRefused) throw error;
    if (error instanceof RedirectFailure) return { kind: 'no-status', why: error.message };
    const fault = networkFaultOf(error);
    const isForGood = fault === 'dns' || fault === 'refused' || fault === 'unreachable' || fault === 'tls';
    return { kind: 'no-answer', why: networkText(error, TIMEOUT_MS), isForGood };
  }
}

function parse(text: string): Json {
  try {
    // JSON.parse gives JSON.
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
