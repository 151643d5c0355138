// Deployments and environment variables in the shape of Vercel's REST API (https://vercel.com/docs/rest-api). Only the
// properties that an incident looks at; which others there are is left out here.
import type { Json } from '../../../json.ts';
import { randomWord, STREAM } from '../../random.ts';
import type { AliasRequest, Deployment, Variable } from '../../state/services/deployments.ts';
import { PROJECT_NAME } from './project.ts';

type Shape = { readonly [name: string]: Json };

export type ReadyState = 'BUILDING' | 'READY';

export function readyStateOf({ readyAt }: Deployment, now: number): ReadyState {
  return readyAt <= now ? 'READY' : 'BUILDING';
}

/** GET /v6/deployments: `uid`, and `state` beside `readyState`. */
export function presentListed(
  deployment: Deployment,
  options: { readonly now: number; readonly wasLive: boolean },
): Shape {
  const { id, createdAt, readyAt, message } = deployment;
  const state = readyStateOf(deployment, options.now);
  return {
    uid: id,
    name: PROJECT_NAME,
    url: urlOf(deployment),
    created: createdAt,
    createdAt,
    buildingAt: createdAt,
    ...(state === 'READY' ? { ready: readyAt } : {}),
    state,
    readyState: state,
    // PROMOTED: it has seen production traffic; STAGED: it never has.
    ...(state === 'READY' ? { readySubstate: options.wasLive ? 'PROMOTED' : 'STAGED' } : {}),
    target: 'production',
    type: 'LAMBDAS',
    source: 'git',
    creator: { uid: 'drill', username: 'drill' },
    meta: { githubCommitMessage: message, githubCommitRef: 'main', githubCommitSha: shaOf(id) },
    isRollbackCandidate: state === 'READY' && options.wasLive,
  };
}

/** GET and POST /v13/deployments: `id`. */
export function presentDeployment(deployment: Deployment, now: number): Shape {
  const { id, createdAt, readyAt, message } = deployment;
  const readyState = readyStateOf(deployment, now);
  return {
    id,
    name: PROJECT_NAME,
    url: urlOf(deployment),
    createdAt,
    ...(readyState === 'READY' ? { ready: readyAt } : {}),
    readyState,
    status: readyState,
    target: 'production',
    type: 'LAMBDAS',
    meta: { githubCommitMessage: message, githubCommitRef: 'main', githubCommitSha: shaOf(id) },
  };
}

/** `lastAliasRequest` of a project: the last roll-back or promotion. Failing ones are not emulated. */
export function presentRequest({ id, how, requestedAt, effectiveAt }: AliasRequest, now: number): Shape {
  return {
    fromDeploymentId: null,
    toDeploymentId: id,
    jobStatus: effectiveAt <= now ? 'succeeded' : 'in-progress',
    requestedAt,
    type: how,
  };
}

/** A value is shown only where it was asked for: `decrypt=true`, or one variable alone. */
export function presentVariable({ id, key, value, createdAt, updatedAt }: Variable, isShown: boolean): Shape {
  return {
    id,
    key,
    value: isShown ? value : '',
    decrypted: isShown,
    type: 'encrypted',
    target: ['production'],
    gitBranch: null,
    configurationId: null,
    createdAt,
    updatedAt,
  };
}

function urlOf({ id }: Deployment): string {
  return `${PROJECT_NAME}-${id.slice(4, 13).toLowerCase()}.drill.localhost`;
}

/** 40 hexadecimal digits that stand for the commit. */
function shaOf(id: string): string {
  const number = [...id].reduce((sum, character) => (Math.imul(sum, 31) + character.charCodeAt(0)) >>> 0, 7);
  return Buffer.from(randomWord(20, number, STREAM.deployment, 1)).toString('hex');
}
