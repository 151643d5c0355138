// Which sessions look wrong, and why. Pure: it judges what Clerk lists and asks nobody.
// All that Clerk keeps of a session is its LATEST activity, with places as text and no coordinates, and both may be
// missing. So a session without a place is never suspicious by its place, and never innocent by it either.
import type { ClerkSession } from './sessions.ts';

/** Two countries within this time: no journey by air crosses a border door to door in less. */
const TRAVEL_WINDOW_MS = 3_600_000;

export interface Criteria {
  /** Where sessions are expected; empty: not judged by it. */
  readonly countries: readonly string[];
  readonly cities: readonly string[];
  /** Addresses or CIDR ranges known to be bad. */
  readonly ips: readonly string[];
}

export type Judge = (sessionsOfOneUser: readonly ClerkSession[]) => Map<string, string>;

export function hasCriteria(criteria: Criteria): boolean {
  return criteria.countries.length + criteria.cities.length + criteria.ips.length > 0;
}

/**
 * @returns a judge that gives a reason for each suspicious session of a user, by id. Without criteria it looks for
 * impossible travel: two countries within an hour. Two people behind one account, a VPN or a phone on roaming look the
 * same, and a patient intruder from the user's own country does not show.
 * @throws Error for an address that is none.
 */
export async function judgeBy(criteria: Criteria): Promise<Judge> {
  if (!hasCriteria(criteria)) return impossibleTravel;
  const countries = new Set(criteria.countries.map(countryKey));
  const cities = new Set(criteria.cities.map(placeKey));
  const isBad = criteria.ips.length > 0 ? await addressMatcher(criteria.ips) : () => false;
  return (sessions) => {
    const reasons = new Map<string, string>();
    for (const { id, country, city, ip } of sessions) {
      const found: string[] = [];
      if (countries.size > 0 && country !== undefined && !countries.has(countryKey(country)))
        found.push(`country ${country} is not expected`);
      if (cities.size > 0 && city !== undefined && !cities.has(placeKey(city)))
        found.push(`city ${city} is not expected`);
      if (ip !== undefined && isBad(ip.trim())) found.push(`address ${ip} is known to be bad`);
      if (found.length > 0) reasons.set(id, found.join('; '));
    }
    return reasons;
  };
}

/** Can it be judged by any of the criteria in use? */
export function isJudgeable(session: ClerkSession, criteria: Criteria): boolean {
  if (!hasCriteria(criteria)) return session.country !== undefined;
  return (
    (criteria.countries.length > 0 && session.country !== undefined) ||
    (criteria.cities.length > 0 && session.city !== undefined) ||
    (criteria.ips.length > 0 && session.ip !== undefined)
  );
}

function impossibleTravel(sessions: readonly ClerkSession[]): Map<string, string> {
  const placed = sessions
    .filter((session) => session.country !== undefined)
    .sort((a, b) => a.lastActiveAt - b.lastActiveAt);
  const reasons = new Map<string, string>();
  for (const [index, one] of placed.entries()) {
    for (const other of placed.slice(index + 1)) {
      const apartMs = other.lastActiveAt - one.lastActiveAt;
      if (apartMs > TRAVEL_WINDOW_MS) break;
      if (countryKey(one.country ?? '') === countryKey(other.country ?? '')) continue;
      const minutes = Math.round(apartMs / 60_000);
      const text = (here: ClerkSession, there: ClerkSession): string =>
        `active in ${here.country} and, in session ${there.id}, in ${there.country} within ${minutes} minutes`;
      if (!reasons.has(one.id)) reasons.set(one.id, text(one, other));
      if (!reasons.has(other.id)) reasons.set(other.id, text(other, one));
    }
  }
  return reasons;
}

/** Clerk gives countries as text, in one form or another: `US` and `United States` are the same. */
function countryKey(country: string): string {
  const trimmed = country.trim();
  if (!/^[A-Za-z]{2}$/.test(trimmed)) return placeKey(trimmed);
  const names = new Intl.DisplayNames(['en'], { type: 'region' });
  return placeKey(names.of(trimmed.toUpperCase()) ?? trimmed);
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
