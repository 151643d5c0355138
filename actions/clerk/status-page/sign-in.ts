// What a status page says of signing in: a page may be red for billing while everybody signs in. Pure.
import { type Component, indicatorOf, type StatusPage } from './page.ts';

/** `unknown`: there is trouble, and the page does not say that it is none of signing in. */
export const SIGN_IN_STATES = ['operational', 'degraded', 'down', 'maintenance', 'unknown'] as const;
export type SignInState = (typeof SIGN_IN_STATES)[number];

/**
 * `sign-in`: without it nobody signs in. `way-in`: those who sign in by it (a code by mail or text, the hosted pages).
 * `other`: none of signing in. `unknown`: a name that says neither.
 */
export const ROLES = ['sign-in', 'way-in', 'other', 'unknown'] as const;
export type Role = (typeof ROLES)[number];

/** Components seen in Clerk's published incidents. */
const ROLE_OF: { readonly [name: string]: Role } = {
  'user and authentication': 'sign-in',
  'session management': 'sign-in',
  'email delivery': 'way-in',
  'sms delivery': 'way-in',
  'account portal': 'way-in',
  webhooks: 'other',
  'machine authentication': 'other',
  'b2b saas': 'other',
  billing: 'other',
  dashboard: 'other',
  'platform api': 'other',
  'development services': 'other',
};
/** Of names that are not known, in this order. */
const ROLE_BY_WORD: readonly (readonly [RegExp, Role])[] = [
  [/machine|m2m|webhook|billing|dashboard|platform api|development|docs|website|support/i, 'other'],
  [/\b(e-?mail|sms|account portal|social|oauth)\b/i, 'way-in'],
  [/sign.?(in|up)|log.?in|\bauth|session|jwks|(frontend|backend|client|core) api|\b[fb]api\b/i, 'sign-in'],
];
/** In the title of an incident that names no component. */
const ABOUT_SIGN_IN = /sign.?(in|up)s?\b|log.?ins?\b|\bauth(?!or)|\bsessions?\b/i;
const ABOUT_MACHINES = /\b(machine|m2m)[\s-]+\w+/gi;

/** @param own names that the app's sign-in needs, beside those that all need. */
export function roleOf({ name, group }: Pick<Component, 'name' | 'group'>, own: readonly string[] = []): Role {
  const key = name.toLowerCase();
  if (own.some((one) => one.toLowerCase() === key)) return 'sign-in';
  if (Object.hasOwn(ROLE_OF, key)) return ROLE_OF[key] ?? 'unknown';
  const texts = [name, ...(group === undefined ? [] : [group])];
  return texts.flatMap((text) => ROLE_BY_WORD.find(([word]) => word.test(text))?.[1] ?? [])[0] ?? 'unknown';
}

const STATE_WEIGHT: readonly SignInState[] = ['down', 'degraded', 'unknown', 'maintenance', 'operational'];

export function signInOf(page: StatusPage, own: readonly string[] = []): SignInState {
  const found = [...byComponents(page, own), ...byIncidents(page, own), ...byIndicator(page)];
  return STATE_WEIGHT.find((state) => found.includes(state)) ?? (page.indicator === 'none' ? 'operational' : 'unknown');
}

function byComponents({ components, lists }: StatusPage, own: readonly string[]): SignInState[] {
  const needed = components.filter((one) => roleOf(one, own) === 'sign-in').map(({ state }) => TOLD[state]);
  // What has a name that says nothing may be what signing in needs.
  const vague = components.some((one) => roleOf(one, own) === 'unknown' && one.state !== 'operational');
  // A page that lists only what is hit says of the rest that it is well.
  const rest: readonly SignInState[] = lists === 'affected' && components.length > 0 ? ['operational'] : [];
  return [...needed, ...rest, ...(vague ? (['unknown'] as const) : [])];
}

const TOLD: { readonly [state in Component['state']]: SignInState } = {
  operational: 'operational',
  degraded: 'degraded',
  'partial-outage': 'degraded',
  'major-outage': 'down',
  maintenance: 'maintenance',
  unknown: 'unknown',
};

/** A page that reports trouble and shows none: whose it is, nobody knows. */
function byIndicator({ indicator, components, incidents, maintenances }: StatusPage): SignInState[] {
  const isShown = incidents.length + maintenances.length > 0 || components.some(({ state }) => state !== 'operational');
  return indicator === 'none' || isShown ? [] : ['unknown'];
}

function byIncidents({ incidents, components, lists }: StatusPage, own: readonly string[]): SignInState[] {
  // An incident that names nothing is explained by what is shown red beside it, unless that belongs to another incident.
  const isExplained = lists === 'all' && components.some(({ state }) => state !== 'operational');
  return incidents.flatMap(({ name, impact, components: hit }): SignInState[] => {
    const said = indicatorOf(impact);
    if (said === 'none') return [];
    const bad = said === 'critical' ? 'down' : 'degraded';
    if (hit.length === 0) return isAboutSignIn(name) ? [bad] : isExplained ? [] : ['unknown'];
    const roles = hit.map((one) => roleOf({ name: one }, own));
    if (roles.includes('sign-in')) return [bad];
    return roles.includes('unknown') ? ['unknown'] : [];
  });
}

/** A title says that it is about signing in; that it is not, no title says for sure. */
function isAboutSignIn(title: string): boolean {
  return ABOUT_SIGN_IN.test(title.replace(ABOUT_MACHINES, ''));
}
