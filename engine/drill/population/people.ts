// What users look like: names, homes, networks, devices. Only documentation and benchmark networks are used, so that no
// address of a drill is anybody's: RFC 2544 (198.18.0.0/15) at home, RFC 5737 (203.0.113.0/24) when travelling; a
// scenario's attack takes the other two blocks of RFC 5737.
import { below, draw, pick, STREAM } from '../random.ts';

// biome-ignore format: a table
const FIRST_NAMES = [
  'Ada', 'Bruno', 'Chidi', 'Dana', 'Elif', 'Farah', 'Goran', 'Hana', 'Ines', 'Jonas', 'Kemal', 'Lena', 'Mateo', 'Nora',
  'Omar', 'Priya', 'Quentin', 'Rosa', 'Sven', 'Tomiko', 'Uma', 'Viktor', 'Wanda', 'Ximena', 'Yusuf', 'Zoe',
] as const;
// biome-ignore format: a table
const LAST_NAMES = [
  'Abe', 'Brandt', 'Costa', 'Diallo', 'Eriksen', 'Fischer', 'Garcia', 'Haddad', 'Ivanova', 'Jensen', 'Kaya', 'Lopez',
  'Moreau', 'Nowak', 'Okafor', 'Patel', 'Quist', 'Rossi', 'Sato', 'Tanaka', 'Ueda', 'Varga', 'Weber', 'Young', 'Zhou',
] as const;

export interface Place {
  readonly city: string;
  /** ISO 3166-1 alpha-2, as in the examples of Clerk's webhook OpenAPI file ("country: US"). */
  readonly country: string;
}
const HOMES: readonly [Place, ...Place[]] = [
  { city: 'San Francisco', country: 'US' },
  { city: 'New York', country: 'US' },
  { city: 'Chicago', country: 'US' },
  { city: 'Austin', country: 'US' },
  { city: 'London', country: 'GB' },
  { city: 'Manchester', country: 'GB' },
  { city: 'Berlin', country: 'DE' },
  { city: 'Hamburg', country: 'DE' },
  { city: 'Paris', country: 'FR' },
  { city: 'Lyon', country: 'FR' },
  { city: 'Toronto', country: 'CA' },
  { city: 'Madrid', country: 'ES' },
  { city: 'Amsterdam', country: 'NL' },
];
const TRIPS: readonly [Place, ...Place[]] = [
  { city: 'Lisbon', country: 'PT' },
  { city: 'Singapore', country: 'SG' },
  { city: 'Tokyo', country: 'JP' },
  { city: 'Nairobi', country: 'KE' },
];

export interface Device {
  readonly deviceType: string;
  readonly isMobile: boolean;
  readonly browserName: string;
  readonly browserVersion: string;
}
const DEVICES: readonly [Device, ...Device[]] = [
  { deviceType: 'Macintosh', isMobile: false, browserName: 'Chrome', browserVersion: '148.0.0.0' },
  { deviceType: 'Macintosh', isMobile: false, browserName: 'Safari', browserVersion: '19.4' },
  { deviceType: 'Windows', isMobile: false, browserName: 'Edge', browserVersion: '148.0.0.0' },
  { deviceType: 'Windows', isMobile: false, browserName: 'Firefox', browserVersion: '151.0' },
  { deviceType: 'iPhone', isMobile: true, browserName: 'Safari', browserVersion: '19.4' },
  { deviceType: 'Android', isMobile: true, browserName: 'Chrome', browserVersion: '148.0.0.0' },
];
/** What the attacker's sessions show: one tool, the same for every account. */
export const ATTACK_DEVICE: Device = {
  deviceType: 'Linux',
  isMobile: false,
  browserName: 'HeadlessChrome',
  browserVersion: '131.0.0.0',
};

export interface Name {
  readonly first: string;
  readonly last: string;
}

export function nameAt(seed: number, user: number): Name {
  return {
    first: pick(FIRST_NAMES, seed, STREAM.firstName, user),
    last: pick(LAST_NAMES, seed, STREAM.lastName, user),
  };
}

/** Unique in the world: it ends with the user's index. example.com: RFC 2606. */
export function emailAt(seed: number, user: number): string {
  return emailOf(nameAt(seed, user), user);
}

/** The same, of one whose name is at hand. */
export function emailOf({ first, last }: Name, user: number): string {
  return `${first}.${last}.${user}@example.com`.toLowerCase();
}

/** The user whose address this is, or undefined. Addresses compare without case, as Clerk stores them. */
export function userOfEmail(seed: number, email: string): number | undefined {
  const digits = /\.(\d{1,9})@example\.com$/i.exec(email)?.[1];
  if (digits === undefined) return undefined;
  const user = Number(digits);
  return emailAt(seed, user) === email.toLowerCase() ? user : undefined;
}

/** Where a user lives; never in `avoid`, the country that an attack comes from. */
export function homeAt(seed: number, user: number, avoid: string): Place {
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const home = pick(HOMES, seed, STREAM.home, user, attempt);
    if (home.country !== avoid) return home;
  }
  return { city: 'Oslo', country: avoid === 'NO' ? 'US' : 'NO' };
}

export function tripAt(seed: number, user: number): Place {
  return pick(TRIPS, seed, STREAM.travel, user);
}

export function homeAddressAt(seed: number, user: number): string {
  const bits = draw(seed, STREAM.network, user);
  return `198.${18 + (bits & 1)}.${(bits >>> 1) & 255}.${1 + ((bits >>> 9) % 254)}`;
}

export function travelAddressAt(seed: number, user: number): string {
  return `203.0.113.${1 + below(254, seed, STREAM.travel, user, 1)}`;
}

export function deviceAt(seed: number, user: number): Device {
  return pick(DEVICES, seed, STREAM.device, user);
}
