// One request of a probe and what is wrong with its answer.
import { type ActionContext, ChangeRefused, type JsonObject } from '../../engine/action.ts';
import { discardBody, readBounded } from './body.ts';
import { type BodyExpectations, bodyProblem, expectsBody, pickFrom } from './expect-body.ts';
import { type Followed, follow, type Hop, locationOf, RedirectFailure, withoutQuery } from './follow.ts';
import { NETWORK_FAULTS, networkFaultOf, networkText } from './network.ts';
import { type ExpectedStatus, expectedWords, isExpectedStatus } from './status.ts';

/** Where an answer first was not as expected; `none`: it was. */
export const PROBE_FAILURES = [
  'none',
  ...NETWORK_FAULTS,
  'status',
  'redirect',
  'header',
  'body',
  'slow',
  'certificate',
] as const;
export type ProbeFailure = (typeof PROBE_FAILURES)[number];

export interface SampleOptions extends BodyExpectations {
  readonly url: string;
  readonly method: 'GET' | 'HEAD';
  readonly headers: { readonly [name: string]: string };
  readonly timeoutMs: number;
  readonly follow: number;
  readonly leadsTo?: string | undefined;
  readonly expectStatus?: ExpectedStatus | undefined;
  /** Name to the text that its value must hold; null: it must not be there. */
  readonly expectHeaders: { readonly [name: string]: string | null };
  readonly pick: { readonly [name: string]: string };
  readonly keepHeaders: readonly string[];
}

export interface Sample {
  /** 0: no answer. */
  readonly status: number;
  readonly latencyMs: number;
  readonly failure: ProbeFailure;
  readonly problem?: string;
  readonly redirects: readonly Hop[];
  readonly headers: { readonly [name: string]: string };
  readonly picked: JsonObject;
  /** Where it is not as expected: how the body begins. */
  readonly said?: string;
}

/** Of a body, no more than this is searched. */
export const MAX_BODY_BYTES = 1_048_576;
/** Of an answer that is not as expected, no more than this is kept. */
export const SAID_CHARACTERS = 300;

/** @throws what the step's signal says where it was stopped; ChangeRefused where the engine kept the request back. */
export async function takeSample(ctx: ActionContext, options: SampleOptions): Promise<Sample> {
  const { method, headers, timeoutMs } = options;
  const start = performance.now();
  const latency = (): number => Math.round(performance.now() - start);
  const nothing = { status: 0, redirects: [], headers: {}, picked: {} };
  let answered: Omit<Sample, 'failure' | 'picked'> | undefined;
  try {
    const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(timeoutMs)]);
    const followed = await follow(ctx, options.url, { method, headers, signal, maxHops: options.follow });
    const { response, hops } = followed;
    const kept = keptHeaders(response, options.keepHeaders);
    answered = { status: response.status, latencyMs: latency(), redirects: hops, headers: kept };
    return { ...answered, ...(await judge(followed, options)) };
  } catch (error) {
    // A pause or a lost lease is no finding about the endpoint, and neither is what the gate kept back.
    ctx.signal.throwIfAborted();
    if (error instanceof ChangeRefused) throw error;
    const latencyMs = answered?.latencyMs ?? latency();
    if (error instanceof RedirectFailure) {
      const { status, hops: redirects, message } = error;
      return { ...nothing, status, latencyMs, redirects, failure: 'redirect', problem: message };
    }
    const problem = networkText(error, timeoutMs);
    return { ...nothing, ...answered, latencyMs, failure: networkFaultOf(error), problem };
  }
}

type Judged = Pick<Sample, 'failure' | 'problem' | 'picked' | 'said'>;

async function judge(followed: Followed, options: SampleOptions): Promise<Judged> {
  const { response } = followed;
  const before = statusProblem(followed, options) ?? headerProblem(response, options.expectHeaders);
  const isSearched = expectsBody(options) || Object.keys(options.pick).length > 0;
  if (options.method === 'HEAD' || (before === undefined && !isSearched)) {
    await discardBody(response);
    return { failure: 'none', picked: {}, ...before };
  }
  // Four bytes a character at most.
  const { text } = await readBounded(response, isSearched ? MAX_BODY_BYTES : 4 * SAID_CHARACTERS);
  const problem = before ?? asFailure('body', bodyProblem(text, options));
  const said = text.replace(/\s+/g, ' ').trim().slice(0, SAID_CHARACTERS);
  return {
    failure: 'none',
    picked: pickFrom(text, options.pick),
    ...problem,
    ...(problem === undefined || said === '' ? {} : { said }),
  };
}

interface Problem {
  readonly failure: ProbeFailure;
  readonly problem: string;
}

function asFailure(failure: ProbeFailure, problem: string | undefined): Problem | undefined {
  return problem === undefined ? undefined : { failure, problem };
}

function statusProblem({ response, hops, url }: Followed, options: SampleOptions): Problem | undefined {
  const location = locationOf(response);
  if (!isExpectedStatus(response.status, options.expectStatus)) {
    const where = location === undefined ? '' : ` to ${withoutQuery(location)}`;
    return {
      failure: location === undefined ? 'status' : 'redirect',
      problem: `answered ${response.status}${where}, ${expectedWords(options.expectStatus)}`,
    };
  }
  if (options.leadsTo === undefined) return undefined;
  const wanted = URL.parse(options.leadsTo, options.url)?.href;
  // Followed, it is where the answer came from; else where the redirect points.
  const target = hops.length > 0 || location === undefined ? url : withoutQuery(URL.parse(location, url)?.href ?? '');
  if (wanted !== undefined && target === withoutQuery(wanted)) return undefined;
  const redirects = hops.length > 0 || location !== undefined;
  return {
    failure: 'redirect',
    problem: redirects
      ? `leads to ${target}, expected ${options.leadsTo}`
      : `answered ${response.status} without a redirect, expected one to ${options.leadsTo}`,
  };
}

function headerProblem(response: Response, expected: SampleOptions['expectHeaders']): Problem | undefined {
  for (const [name, wanted] of Object.entries(expected)) {
    const value = response.headers.get(name);
    if (wanted === null) {
      if (value !== null) return { failure: 'header', problem: `has a header ${name}, expected none` };
    } else if (value === null) {
      return { failure: 'header', problem: `has no header ${name}` };
    } else if (!value.toLowerCase().includes(wanted.toLowerCase())) {
      return { failure: 'header', problem: `the header ${name} does not hold "${wanted}"` };
    }
  }
  return undefined;
}

function keptHeaders(response: Response, names: readonly string[]): Sample['headers'] {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name.toLowerCase(), value]];
    }),
  );
}
