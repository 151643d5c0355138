// From what the witnesses say to whose fault it is. Pure, and in the order in which a responder would think: is it us who see
// nothing; does Clerk fail; if it answers, what keeps the app from using it?
import type { Readings } from './readings.ts';

export const VERDICTS = ['clerk', 'application', 'network', 'configuration', 'healthy', 'unclear'] as const;
export type Verdict = (typeof VERDICTS)[number];
export const HOWS = [
  'down',
  'slow',
  'degraded',
  'maintenance',
  'unreachable',
  'broken',
  'cut-off',
  'certificate',
  'rate-limited',
  'key',
  'variables',
  'domain',
  'none',
] as const;
export type How = (typeof HOWS)[number];
export const CONFIDENCES = ['high', 'medium', 'low'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

export interface Ruling {
  readonly verdict: Verdict;
  readonly how: How;
  readonly confidence: Confidence;
}

export function rule(readings: Readings): Ruling {
  if (!isAnythingReached(readings)) return ruleBlind(readings);
  switch (readings.api.word) {
    case 'down':
    case 'silent':
      return ruleDown(readings);
    case 'unreachable':
      return ruleUnreachable(readings);
    case 'slow':
      return ruleSlow(readings);
    case 'absent':
      return lessSure(ruleAnswering(readings));
    default:
      return ruleAnswering(readings);
  }
}

const UNCLEAR: Ruling = { verdict: 'unclear', how: 'none', confidence: 'low' };

function ruled(verdict: Verdict, how: How, confidence: Confidence): Ruling {
  return { verdict, how, confidence };
}

/** The page says that signing in is hit. What it says of other things is no matter here. */
function isPageRed({ status }: Readings): boolean {
  return status.word === 'trouble' || status.word === 'maintenance';
}

function isAnythingReached({ status, api, app, page, frontend, network }: Readings): boolean {
  const isPageThere = status.word !== 'absent' && status.word !== 'unreachable';
  const isApiThere = !['absent', 'silent', 'unreachable'].includes(api.word);
  const isNetworkThere = network.word === 'well' || network.word === 'slow';
  return isPageThere || isApiThere || isNetworkThere || app.isReached || page.isReached || frontend.isReached;
}

/** Nothing that was asked answered. Of several that have nothing to do with each other, it is the network they share. */
function ruleBlind({ status, api, app, page, frontend, network }: Readings): Ruling {
  const asked = [
    status.word !== 'absent',
    api.word !== 'absent',
    app.word !== 'absent' || page.word !== 'absent',
    frontend.word !== 'absent',
    network.word !== 'absent',
  ].filter(Boolean).length;
  if (asked < 2) return UNCLEAR;
  return ruled('network', 'unreachable', network.word === 'failing' ? 'high' : 'medium');
}

function ruleDown(readings: Readings): Ruling {
  const { status, api, app, frontend, network } = readings;
  const backed = isPageRed(readings) || app.word === 'clerk' || frontend.word === 'down';
  // Its own way to Clerk works: what we meet may be on our way.
  if (app.word === 'healthy' && !backed) {
    return api.word === 'silent' ? ruled('network', 'unreachable', 'medium') : ruled('clerk', 'down', 'low');
  }
  const how = status.word === 'maintenance' ? 'maintenance' : 'down';
  if (app.word === 'healthy') return ruled('clerk', how, 'medium');
  // Silence is surer where something else answers on the same way out.
  const isSure = backed || (api.word === 'silent' && network.word === 'well' && api.hasKeySet !== true);
  return ruled('clerk', how, isSure ? 'high' : 'medium');
}

function ruleUnreachable(readings: Readings): Ruling {
  const { app, frontend, network } = readings;
  switch (app.word) {
    case 'healthy':
      return ruled('network', 'unreachable', frontend.word === 'well' ? 'high' : 'medium');
    case 'clerk':
      return ruled('clerk', 'down', isPageRed(readings) || network.word === 'well' ? 'high' : 'medium');
    // Clerk answered the app.
    case 'key':
      return ruled('configuration', 'key', 'medium');
    case 'certificate':
      return ruled('network', 'certificate', 'medium');
    case 'broken':
      return ruled('application', 'broken', isPageRed(readings) ? 'low' : 'medium');
    default:
  }
  if (frontend.word === 'well') return ruled('network', 'unreachable', 'medium');
  if (isPageRed(readings) || frontend.word === 'down') return ruled('clerk', 'down', 'medium');
  if (network.word === 'well' && app.word !== 'unreachable') return ruled('clerk', 'unreachable', 'low');
  return UNCLEAR;
}

function ruleSlow(readings: Readings): Ruling {
  const { app, page, frontend, env, network, deployment } = readings;
  const backed =
    isPageRed(readings) || ['clerk', 'slow'].includes(app.word) || ['slow', 'down'].includes(frontend.word);
  if (app.word === 'key') return ruled('configuration', 'key', 'high');
  if (app.word !== 'healthy' && env.word === 'faults') return ruled('configuration', 'variables', 'medium');
  if (app.word === 'certificate') return ruled('application', 'certificate', 'high');
  if (app.word === 'unreachable') return ruled('application', 'unreachable', 'medium');
  if (app.word === 'broken') {
    const isOwn = page.word === 'broken' || deployment.word === 'recent';
    if (!isOwn && isPageRed(readings)) return ruled('clerk', 'slow', 'medium');
    return ruled('application', 'broken', isOwn ? 'medium' : 'low');
  }
  if (network.word === 'slow' && !isPageRed(readings)) return ruled('network', 'slow', 'medium');
  if (backed) return ruled('clerk', 'slow', 'high');
  return ruled('clerk', 'slow', app.word === 'healthy' ? 'low' : 'medium');
}

/** Clerk answers, or was not asked: what keeps the app from using it? */
function ruleAnswering(readings: Readings): Ruling {
  return (
    ruleKeys(readings) ??
    ruleClerkInPart(readings) ??
    ruleVariables(readings) ??
    ruleApp(readings) ??
    rulePages(readings) ??
    ruleWell(readings)
  );
}

function ruleKeys({ api, app, env, logs }: Readings): Ruling | undefined {
  if (app.word === 'key') return ruled('configuration', 'key', 'high');
  if (app.word === 'limited') return ruled('application', 'rate-limited', 'high');
  const mayBeTheKey = app.word === 'absent' || app.word === 'unwell' || app.word === 'broken' || app.word === 'clerk';
  if (!mayBeTheKey) return undefined;
  // The key at hand is, most often, the app's too.
  if (api.word === 'key') {
    const isBacked = env.word === 'faults' || logs.includes('configuration');
    return ruled('configuration', 'key', isBacked ? 'high' : 'medium');
  }
  if (api.word === 'limited') return ruled('application', 'rate-limited', app.word === 'absent' ? 'low' : 'medium');
  return undefined;
}

/** A part of Clerk that the reading of users does not touch. */
function ruleClerkInPart(readings: Readings): Ruling | undefined {
  const { api, app, frontend } = readings;
  const isRed = isPageRed(readings);
  if (frontend.word === 'down') return ruled('clerk', 'down', isRed || app.word === 'clerk' ? 'high' : 'medium');
  if (frontend.word === 'slow') return ruled('clerk', 'slow', isRed ? 'high' : 'medium');
  if (api.hasKeySet === false) return ruled('clerk', 'degraded', isRed || app.word === 'clerk' ? 'high' : 'medium');
  // In production the Frontend API is a name in the app's own domain.
  if (frontend.word === 'unreachable') return ruled('configuration', 'domain', isRed ? 'low' : 'medium');
  return undefined;
}

function ruleVariables({ app, env, logs }: Readings): Ruling | undefined {
  const isBroken = app.word === 'unwell' || app.word === 'broken' || app.word === 'clerk';
  if (!isBroken && app.word !== 'absent') return undefined;
  if (env.word === 'faults') return ruled('configuration', 'variables', isBroken ? 'high' : 'medium');
  return isBroken && logs.includes('configuration') ? ruled('configuration', 'key', 'medium') : undefined;
}

function ruleApp(readings: Readings): Ruling | undefined {
  const { api, app, page, network, deployment, logs } = readings;
  const isRed = isPageRed(readings);
  const isBacked = deployment.word === 'recent' || page.word === 'broken' || logs.includes('application');
  switch (app.word) {
    case 'broken':
    case 'unwell':
      if (isRed && app.word === 'unwell' && !isBacked) return ruled('clerk', 'degraded', 'medium');
      return ruled('application', 'broken', isRed ? 'low' : isBacked ? 'high' : 'medium');
    case 'certificate':
      return ruled('application', 'certificate', 'high');
    case 'slow':
      return ruled('application', 'slow', isRed ? 'low' : page.word === 'slow' ? 'high' : 'medium');
    case 'unreachable': {
      const isSeeing = api.word !== 'absent' || network.word === 'well';
      if (page.isReached || !isSeeing) return page.isReached ? ruled('application', 'broken', 'medium') : UNCLEAR;
      return ruled('application', 'unreachable', page.word === 'unreachable' ? 'high' : 'medium');
    }
    case 'clerk':
      // Nobody asked Clerk but the app.
      if (api.word === 'absent') return ruled('clerk', 'down', isRed || logs.includes('clerk') ? 'high' : 'medium');
      return isRed ? ruled('clerk', 'degraded', 'medium') : ruled('application', 'cut-off', 'medium');
    default:
      return undefined;
  }
}

function rulePages(readings: Readings): Ruling | undefined {
  const { app, page, deployment } = readings;
  if (page.word === 'absent' || page.word === 'well') return undefined;
  if (app.word === 'absent' && isPageRed(readings)) return ruled('clerk', 'degraded', 'low');
  const confidence = deployment.word === 'recent' ? 'high' : 'medium';
  return ruled('application', page.word, isPageRed(readings) ? 'low' : confidence);
}

function ruleWell(readings: Readings): Ruling {
  const { status, api, app, env } = readings;
  if (isPageRed(readings)) {
    const how = status.word === 'maintenance' ? 'maintenance' : 'degraded';
    return ruled('clerk', how, app.word === 'healthy' ? 'low' : 'medium');
  }
  // That Clerk is well is not that people sign in.
  if (app.word !== 'healthy') return UNCLEAR;
  const isSure = api.word === 'up' && status.word !== 'vague' && env.word !== 'faults';
  return ruled('healthy', 'none', isSure ? 'high' : 'medium');
}

function lessSure(ruling: Ruling): Ruling {
  return { ...ruling, confidence: ruling.confidence === 'high' ? 'medium' : 'low' };
}
