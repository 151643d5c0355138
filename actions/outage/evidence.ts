// The witnesses' words as evidence: what each says, how much it weighs, and which verdicts it fits. Pure.
import type { JsonObject } from '../../engine/action.ts';
import type { ApiWord, AppWord, FrontendWord, LogKind, PageWord, Readings, StatusWord, Witnesses } from './readings.ts';
import type { Verdict } from './rulings.ts';

export const WITNESSES = ['status', 'api', 'app', 'page', 'frontend', 'env', 'network', 'deployments', 'logs'] as const;
export const WEIGHTS = ['strong', 'weak', 'none'] as const;

export interface Evidence {
  readonly witness: (typeof WITNESSES)[number];
  readonly says: string;
  readonly weight: (typeof WEIGHTS)[number];
  /** Verdicts that it fits; of no weight, none. */
  readonly fits: readonly Verdict[];
}

type Meaning = Pick<Evidence, 'weight' | 'fits'>;

const NOTHING: Meaning = { weight: 'none', fits: [] };
const strong = (...fits: Verdict[]): Meaning => ({ weight: 'strong', fits });
const weak = (...fits: Verdict[]): Meaning => ({ weight: 'weak', fits });

/** People write the page, so it weighs less than what was measured. */
const STATUS: { readonly [word in Exclude<StatusWord, 'absent'>]: Meaning } = {
  good: weak('application', 'configuration', 'network', 'healthy'),
  trouble: weak('clerk'),
  maintenance: weak('clerk'),
  elsewhere: NOTHING,
  vague: NOTHING,
  unreadable: NOTHING,
  unreachable: weak('network'),
};
const API: { readonly [word in Exclude<ApiWord, 'absent'>]: Meaning } = {
  up: strong('application', 'configuration', 'healthy'),
  slow: strong('clerk', 'network'),
  down: strong('clerk'),
  silent: strong('clerk', 'network'),
  key: strong('configuration'),
  refused: weak('application', 'configuration', 'healthy'),
  limited: weak('application', 'healthy'),
  unreachable: weak('clerk', 'network'),
};
const APP: { readonly [word in Exclude<AppWord, 'absent'>]: Meaning } = {
  healthy: strong('healthy', 'network'),
  clerk: weak('clerk', 'application', 'configuration'),
  key: strong('configuration'),
  limited: strong('application'),
  unwell: weak('clerk', 'application', 'configuration'),
  broken: strong('application', 'configuration'),
  slow: weak('application', 'clerk'),
  certificate: strong('application'),
  unreachable: weak('application', 'network'),
};
const PAGE: { readonly [word in Exclude<PageWord, 'absent'>]: Meaning } = {
  well: weak('clerk', 'configuration', 'healthy', 'application'),
  broken: weak('application', 'configuration', 'clerk'),
  slow: weak('application', 'clerk'),
  certificate: strong('application'),
  unreachable: weak('application', 'network'),
};
const FRONTEND: { readonly [word in Exclude<FrontendWord, 'absent'>]: Meaning } = {
  well: weak('application', 'configuration', 'healthy', 'network'),
  slow: strong('clerk', 'network'),
  down: strong('clerk'),
  unreachable: weak('configuration', 'network', 'clerk'),
};

/** In the order of the witnesses; those that are absent are left out. */
export function evidenceOf(readings: Readings, given: Witnesses): Evidence[] {
  const { status, api, app, page, frontend } = readings;
  return [
    ...(status.word === 'absent' ? [] : [statusEvidence(status.word, status.isStale, given.status)]),
    ...(api.word === 'absent' ? [] : [apiEvidence(readings, API[api.word], given.api)]),
    ...(app.word === 'absent' ? [] : [said('app', APP[app.word], given.app, "the app's health endpoint is not well")]),
    ...(page.word === 'absent' ? [] : [said('page', PAGE[page.word], given.page, 'the page is not well')]),
    ...(frontend.word === 'absent'
      ? []
      : [said('frontend', FRONTEND[frontend.word], given.frontend, 'the Frontend API was asked')]),
    ...ofSurroundings(readings, given),
  ];
}

function statusEvidence(word: Exclude<StatusWord, 'absent'>, isStale: boolean, given: Witnesses['status']): Evidence {
  const evidence = said('status', STATUS[word], given, word);
  return isStale && word === 'good' ? { ...evidence, says: `${evidence.says}: it may lag behind` } : evidence;
}

function apiEvidence(readings: Readings, meaning: Meaning, given: Witnesses['api']): Evidence {
  const isUpInPart = readings.api.word === 'up' && readings.api.hasKeySet === false;
  return said('api', isUpInPart ? strong('clerk') : meaning, given, readings.api.word);
}

function ofSurroundings({ env, network, deployment, logs }: Readings, given: Witnesses): Evidence[] {
  const rest: Evidence[] = [];
  if (env.word === 'faults') {
    rest.push({ witness: 'env', says: `faults in ${env.faults.join(', ')}`, ...strong('configuration') });
  } else if (env.word === 'well') {
    const meaning = weak('clerk', 'application', 'network', 'healthy');
    rest.push({ witness: 'env', says: 'the variables show no fault that would stop the app', ...meaning });
  }
  if (network.word === 'failing') rest.push(said('network', strong('network'), given.network, 'no answer'));
  else if (network.word === 'slow') rest.push(said('network', weak('network'), given.network, 'slow'));
  else if (network.word === 'well') {
    const meaning = weak('clerk', 'application', 'configuration', 'healthy');
    rest.push(said('network', meaning, given.network, 'another address answers'));
  }
  if (deployment.word !== 'absent') {
    const says = `what production serves went live ${deployment.minutes} minutes ago`;
    const meaning = deployment.word === 'recent' ? weak('application', 'configuration') : NOTHING;
    rest.push({ witness: 'deployments', says, ...meaning });
  }
  return [...rest, ...logs.map((kind) => logEvidence(kind, given.logs?.[kind] ?? 0))];
}

function logEvidence(kind: LogKind, count: number): Evidence {
  return { witness: 'logs', says: `${count} lines that speak for ${kind}`, ...weak(kind) };
}

/** In the witness's own words where it has some. */
function said(
  witness: Evidence['witness'],
  meaning: Meaning,
  given: JsonObject | null | undefined,
  otherwise: string,
): Evidence {
  const { summary, error } = given ?? {};
  const says = [summary, error].find((one) => typeof one === 'string' && one !== '');
  return { witness, says: typeof says === 'string' ? says : otherwise, ...meaning };
}

/** What speaks against a verdict; against none, nothing. */
export function contradictionsOf(evidence: readonly Evidence[], verdict: Verdict): Evidence[] {
  if (verdict === 'unclear') return [];
  return evidence.filter(({ weight, fits }) => weight !== 'none' && !fits.includes(verdict));
}
