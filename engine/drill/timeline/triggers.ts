// When an entry is due: at its time, or when responders have done enough of something. Targets are counted and not requests,
// so a request that is sent again after a kill moves nothing.
import { drillTime } from '../scenario-times.ts';
import type { Mutation } from '../state/mutation.ts';
import type { TimelineEntry } from './spec.ts';

/** Distinct targets by the mutation's type. */
export type Tally = Map<string, Set<string>>;

export function countIn(tally: Tally, mutation: Mutation): void {
  if (mutation.by !== undefined) return;
  const counted = tally.get(mutation.type) ?? new Set();
  for (const target of targetsOf(mutation)) counted.add(target);
  tally.set(mutation.type, counted);
}

function targetsOf(mutation: Mutation): readonly string[] {
  switch (mutation.type) {
    case 'users.ban':
    case 'users.unban':
      return mutation.users;
    case 'session.revoke':
      return [mutation.session];
    case 'api-key.revoke':
    case 'credential.remove':
    case 'trusted-device.remove':
    case 'deployment.create':
    case 'deployment.promote':
      return [mutation.id];
    case 'user.lock':
    case 'password.set-compromised':
    case 'second-factor.remove':
      return [mutation.user];
    case 'secret-key.rotate':
      return [String(mutation.at)];
    default:
      return [];
  }
}

/** Milliseconds of the drill at which it is due by itself; undefined for one that waits for responders. */
export function dueAfterMs(entry: TimelineEntry): number | undefined {
  return entry.at === undefined ? undefined : drillTime(entry.at);
}

export function isDue(entry: TimelineEntry, elapsedMs: number, tally: Tally): boolean {
  const due = dueAfterMs(entry);
  if (due !== undefined) return elapsedMs >= due;
  const { after } = entry;
  return after !== undefined && (tally.get(after.what)?.size ?? 0) >= after.count;
}
