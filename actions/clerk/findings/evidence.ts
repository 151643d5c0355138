// Which sessions look wrong, and why. Pure: it judges what Clerk lists and asks nobody.
// All that Clerk keeps of a session is its LATEST activity, with places as text and no coordinates, and both may be
// missing. So a session without a place is never suspicious by its place, and never innocent by it either.
import type { ClerkSession } from '../api/sessions.ts';

/** Without another one: no journey by air crosses a border door to door in less. */
const TRAVEL_WINDOW_MINUTES = 60;

export interface Criteria {
  /** Where sessions are expected; empty: not judged by it. */
  readonly countries: readonly string[];
  readonly cities: readonly string[];
  /** Addresses or CIDR ranges known to be bad. */
  readonly ips: readonly string[];
  /** Device types or browsers that are expected; empty: not judged by it. */
  readonly devices: readonly string[];
  /** Device types or browsers known to be bad. */
  readonly badDevices: readonly string[];
  /** Two countries within so many minutes; undefined: only where nothing else is asked for, and then within an hour. */
  readonly travelMinutes: number | undefined;
  /** Sessions in which somebody else acts as the user. */
  readonly impersonation: boolean;
}

export interface Judge {
  /** A reason for each suspicious session of one user, by id. */
  judge(sessionsOfOneUser: readonly ClerkSession[]): Map<string, string>;
  /** Does Clerk know enough of it to judge it by any of the criteria? */
  isJudgeable(session: ClerkSession): boolean;
}

/** One criterion: what is wrong with a session, `fine`, or undefined where it cannot tell. */
type Sign = (session: ClerkSession) => string | 'fine' | undefined;

export function hasCriteria(criteria: Criteria): boolean {
  const lists = [criteria.countries, criteria.cities, criteria.ips, criteria.devices, criteria.badDevices];
  return lists.some((list) => list.length > 0) || criteria.impersonation || criteria.travelMinutes !== undefined;
}

/**
 * Without criteria it looks for impossible travel: two countries within an hour. Two people behind one account, a VPN or
 * a phone on roaming look the same, and a patient intruder from the user's own country does not show. How long a journey
 * between two countries takes cannot be known: Clerk gives names, no coordinates. So the window is one for all pairs.
 * @throws Error for an address that is none.
 */
export async function judgeBy(criteria: Criteria): Promise<Judge> {
  const signs = await signsOf(criteria);
  const minutes = criteria.travelMinutes ?? (hasCriteria(criteria) ? undefined : TRAVEL_WINDOW_MINUTES);
  return {
    judge: (sessions) => {
      const travel = minutes === undefined ? new Map<string, string>() : impossibleTravel(sessions, minutes * 60_000);
      const reasons = new Map<string, string>();
      for (const session of sessions) {
        const found = [...signs.map((sign) => sign(session)), travel.get(session.id)].filter(
          (text) => text !== undefined && text !== 'fine',
        );
        if (found.length > 0) reasons.set(session.id, found.join('; '));
      }
      return reasons;
    },
    isJudgeable: (session) =>
      signs.some((sign) => sign(session) !== undefined) || (minutes !== undefined && session.country !== undefined),
  };
}

async function signsOf(criteria: Criteria): Promise<readonly Sign[]> {
  const signs: Sign[] = [];
  const outside = (what: string, expected: readonly string[], of: (session: ClerkSession) => string | undefined) => {
    if (expected.length === 0) return;
    const key = what === 'country' ? countryKey : placeKey;
    const keys = new Set(expected.map(key));
    signs.push((session) => {
      const value = of(session);
      if (value === undefined) return undefined;
      return keys.has(key(value)) ? 'fine' : `${what} ${value} is not expected`;
    });
  };
  outside('country', criteria.countries, ({ country }) => country);
  outside('city', criteria.cities, ({ city }) => city);
  if (criteria.ips.length > 0) {
    const isBad = await addressMatcher(criteria.ips);
    signs.push(({ ip }) => {
      if (ip === undefined) return undefined;
      return isBad(ip.trim()) ? `address ${ip} is known to be bad` : 'fine';
    });
  }
  signs.push(...deviceSigns(criteria));
  if (criteria.impersonation)
    signs.push(({ actor }) => (actor === undefined ? 'fine' : `begun by impersonation, by ${actor}`));
  return signs;
}

/** A device is what Clerk knows of it: its type and its browser; a name fits that is one of them. */
function deviceSigns({ devices, badDevices }: Criteria): readonly Sign[] {
  const expected = new Set(devices.map(placeKey));
  const bad = new Set(badDevices.map(placeKey));
  const partsOf = ({ device, browser }: ClerkSession): readonly string[] =>
    [device, browser].filter((part) => part !== undefined);
  const sign =
    (isWrong: (part: readonly string[]) => boolean, text: string): Sign =>
    (session) => {
      const parts = partsOf(session);
      if (parts.length === 0) return undefined;
      return isWrong(parts) ? `device ${parts.join(', ')} is ${text}` : 'fine';
    };
  return [
    ...(expected.size === 0
      ? []
      : [sign((parts) => !parts.some((part) => expected.has(placeKey(part))), 'not expected')]),
    ...(bad.size === 0 ? [] : [sign((parts) => parts.some((part) => bad.has(placeKey(part))), 'known to be bad')]),
  ];
}

/** Compared with the nearest in another country alone, before and after: one pass each way, however many there are. */
function impossibleTravel(sessions: readonly ClerkSession[], windowMs: number): Map<string, string> {
  const placed = sessions
    .flatMap(({ id, country, lastActiveAt }) =>
      country === undefined ? [] : [{ id, country, key: countryKey(country), at: lastActiveAt }],
    )
    .sort((a, b) => a.at - b.at);
  const before = nearestElsewhere(placed);
  const after = nearestElsewhere(placed.toReversed()).reverse();
  const reasons = new Map<string, string>();
  for (const [index, here] of placed.entries()) {
    const [there] = [before[index], after[index]]
      .flatMap((one) => (one === undefined ? [] : [{ ...one, apartMs: Math.abs(one.at - here.at) }]))
      .sort((a, b) => a.apartMs - b.apartMs);
    if (there === undefined || there.apartMs > windowMs) continue;
    const minutes = Math.round(there.apartMs / 60_000);
    reasons.set(
      here.id,
      `active in ${here.country} and, in session ${there.id}, in ${there.country} within ${minutes} minutes`,
    );
  }
  return reasons;
}

interface Placed {
  readonly id: string;
  readonly country: string;
  /** The country, however Clerk writes it. */
  readonly key: string;
  readonly at: number;
}

/** For each the last one of another country among those that come before it. */
function nearestElsewhere(ordered: readonly Placed[]): (Placed | undefined)[] {
  let last: Placed | undefined;
  let lastElsewhere: Placed | undefined;
  return ordered.map((one) => {
    if (last !== undefined && last.key !== one.key) lastElsewhere = last;
    last = one;
    return lastElsewhere;
  });
}

/** Making one takes long, and a search asks for the same few countries for each session. */
let regionNames: Intl.DisplayNames | undefined;
const countryKeys = new Map<string, string>();

/** Clerk gives countries as text, in one form or another: `US` and `United States` are the same. */
function countryKey(country: string): string {
  const known = countryKeys.get(country);
  if (known !== undefined) return known;
  const trimmed = country.trim();
  regionNames ??= new Intl.DisplayNames(['en'], { type: 'region' });
  const isCode = /^[A-Za-z]{2}$/.test(trimmed);
  const key = placeKey(isCode ? (regionNames.of(trimmed.toUpperCase()) ?? trimmed) : trimmed);
  countryKeys.set(country, key);
  return key;
}

function placeKey(place: string): string {
  return place.trim().toLowerCase();
}

/** Over node:net's own block list; loaded only where addresses are asked for. */
async function addressMatcher(entries: readonly string[]): Promise<(ip: string) => boolean> {
  const { BlockList, isIP } = await import('node:net');
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.trim().split('/');
    const family = isIP(address);
    const isPrefixFit =
      prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
    if (family === 0 || !isPrefixFit) throw new Error(`"${entry}" is neither an IP address nor a CIDR range`);
    const type = family === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(address, type);
    else list.addSubnet(address, Number(prefix), type);
  }
  return (ip) => {
    const family = isIP(ip);
    return family !== 0 && list.check(ip, family === 4 ? 'ipv4' : 'ipv6');
  };
}
