// What a status page says, in one form whatever the page's own is. Pure.

/** `unknown`: the page says that something is wrong, not how bad. */
export const INDICATORS = ['none', 'minor', 'major', 'critical', 'maintenance', 'unknown'] as const;
export type Indicator = (typeof INDICATORS)[number];

export const COMPONENT_STATES = [
  'operational',
  'degraded',
  'partial-outage',
  'major-outage',
  'maintenance',
  'unknown',
] as const;
export type ComponentState = (typeof COMPONENT_STATES)[number];

export interface Component {
  readonly name: string;
  /** The page's own word. */
  readonly status: string;
  readonly state: ComponentState;
  /** The group it is shown under. */
  readonly group?: string;
}

export interface Incident {
  readonly name: string;
  readonly status: string;
  readonly impact?: string;
  readonly startedAt?: string;
  /** Names of what it hits; empty where the page does not say. */
  readonly components: readonly string[];
}

export interface Maintenance {
  readonly name: string;
  readonly status: string;
  readonly startedAt?: string;
  readonly endsAt?: string;
}

export interface StatusPage {
  readonly indicator: Indicator;
  /** `all` of them, those `affected`, or `none`. */
  readonly lists: 'all' | 'affected' | 'none';
  readonly components: readonly Component[];
  /** Going on. */
  readonly incidents: readonly Incident[];
  /** In progress. */
  readonly maintenances: readonly Maintenance[];
  /** ISO time of the page's last change. */
  readonly updatedAt?: string;
}

/** By the words of Statuspage, incident.io and Instatus, without case and separators. */
const INDICATOR_OF: { readonly [word: string]: Indicator } = {
  none: 'none',
  operational: 'none',
  minor: 'minor',
  major: 'major',
  critical: 'critical',
  maintenance: 'maintenance',
  undermaintenance: 'maintenance',
  degradedperformance: 'minor',
  minoroutage: 'minor',
  partialoutage: 'major',
  majoroutage: 'critical',
  fulloutage: 'critical',
};

const STATE_OF: { readonly [word: string]: ComponentState } = {
  operational: 'operational',
  degradedperformance: 'degraded',
  degraded: 'degraded',
  minoroutage: 'partial-outage',
  partialoutage: 'partial-outage',
  majoroutage: 'major-outage',
  fulloutage: 'major-outage',
  undermaintenance: 'maintenance',
  maintenance: 'maintenance',
};

/** undefined: a word that is not known, which is never taken for a good one. */
export function indicatorOf(text: string | undefined): Indicator | undefined {
  return lookUp(INDICATOR_OF, text);
}

export function stateOf(text: string): ComponentState {
  return lookUp(STATE_OF, text) ?? 'unknown';
}

function lookUp<T>(words: { readonly [word: string]: T }, text: string | undefined): T | undefined {
  const word = text?.toLowerCase().replace(/[\s_-]/g, '');
  return word === undefined || !Object.hasOwn(words, word) ? undefined : words[word];
}

const BY_WEIGHT: readonly Indicator[] = ['critical', 'major', 'minor'];

/** Of incidents that are going on: an impact that is not stated is not a small one. */
export function worstOf(incidents: readonly Incident[]): Indicator {
  const impacts = incidents.map(({ impact }) => indicatorOf(impact));
  return BY_WEIGHT.find((weight) => impacts.includes(weight)) ?? 'unknown';
}

/** A page that says all is well beside an incident that is going on is not taken at its word. */
export function notBetterThan(said: Indicator, incidents: readonly Incident[]): Indicator {
  const telling = incidents.filter(({ impact }) => indicatorOf(impact) !== 'none');
  return said === 'none' && telling.length > 0 ? worstOf(telling) : said;
}
