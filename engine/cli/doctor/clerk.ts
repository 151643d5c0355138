// A harmless authenticated read of Clerk's Backend API, GET /v1/instance: whether it is reached, whether the key is good,
// which instance it is of, and how far this machine's clock is off. Source: Clerk Backend API 2026-05-12.
import { messageOf } from '../../errors.ts';
import { isJsonObject } from '../../json.ts';
import type { Clock } from '../../run/clock.ts';
import { withPassage } from '../../run/gate.ts';
import { oneLine } from '../../ui/text.ts';
import type { Finding } from './finding.ts';

const ABOUT = 'clerk';
const DEFAULT_API_URL = 'https://api.clerk.com';
const TIMEOUT_MS = 5_000;
/** Clerk's SDK lets tokens be this much early or late (`clockSkewInMs`). */
const SKEW_MS = 5_000;

export interface ClerkCheck {
  /** Absent: there is none. */
  readonly secretKey: string | undefined;
  readonly apiUrl: string | undefined;
  readonly clock: Pick<Clock, 'now'>;
}

export async function checkClerk({ secretKey, apiUrl, clock }: ClerkCheck): Promise<Finding[]> {
  if (secretKey === undefined)
    return [{ about: ABOUT, level: 'skipped', text: 'Clerk was not asked anything: there is no CLERK_SECRET_KEY' }];
  const base = (apiUrl || DEFAULT_API_URL).replace(/\/+$/, '');
  const asked = clock.now();
  let response: Awaited<ReturnType<typeof fetch>>;
  let body: unknown;
  try {
    response = await withPassage(onlyReads(), () =>
      fetch(`${base}/v1/instance`, { headers: { Authorization: `Bearer ${secretKey}` }, redirect: 'manual' }),
    );
    body = await response.json().catch(() => null);
  } catch (error) {
    return [
      {
        about: ABOUT,
        level: 'warning',
        text: `${base} cannot be reached: ${reasonOf(error)}`,
        mend: 'Look at the network, a proxy, CLERK_API_URL, and https://status.clerk.com',
      },
    ];
  }
  const answered = clock.now();
  return [answerOf(base, response.status, body), ...skewOf(response.headers.get('date'), asked, answered)];
}

/** Through the gate like any action's request: nothing that changes anything can leave. */
function onlyReads(): Parameters<typeof withPassage>[0] {
  return {
    allows: () => 'reads',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    requestTimeoutMs: TIMEOUT_MS,
    reads: [],
    isLoopbackOnly: false,
    onSent: () => undefined,
    onRefused: () => undefined,
    proveLease: async () => undefined,
  };
}

function answerOf(base: string, status: number, body: unknown): Finding {
  if (status === 200 && isJsonObject(body)) {
    const { id, environment_type: type } = body;
    return {
      about: ABOUT,
      level: 'ok',
      text: `${base} answers: instance ${oneLine(String(id))}, ${oneLine(String(type))}`,
    };
  }
  if (status === 401 || status === 403)
    return {
      about: ABOUT,
      level: 'broken',
      text: `${base} refuses the key (${status}): it was revoked, or is another instance's`,
      mend: 'Copy the secret key of the right instance from dashboard.clerk.com, API keys',
    };
  return {
    about: ABOUT,
    level: 'warning',
    text: `${base} answers ${status} where the instance was asked for`,
    mend: 'Look at CLERK_API_URL and https://status.clerk.com',
  };
}

/** The header has whole seconds, and the answer took some time. */
function skewOf(date: string | null, asked: number, answered: number): Finding[] {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs))
    return [{ about: 'clock', level: 'skipped', text: 'The clock was not compared: the answer has no Date' }];
  const ahead = Math.max(0, asked - (theirs + 1_000)) || -Math.max(0, theirs - answered);
  if (Math.abs(ahead) <= SKEW_MS)
    return [{ about: 'clock', level: 'ok', text: 'This clock and Clerk’s agree within 5 seconds' }];
  const seconds = Math.round(Math.abs(ahead) / 1_000);
  return [
    {
      about: 'clock',
      level: 'warning',
      text: `This clock is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} Clerk's: fresh tokens look expired or not yet valid, and times in the journal are off`,
      mend: 'Set the clock by the network: timedatectl set-ntp true',
    },
  ];
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : '';
  return [messageOf(error), cause].filter((text) => text !== '').join(': ');
}
