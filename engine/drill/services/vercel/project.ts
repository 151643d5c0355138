// The app's project: its deployments and environment variables, those of before the drill and what changed since. A
// deployment keeps the variables that it was built with; a change of the project's acts from the next deployment on.
import type { WorldContext } from '../../context.ts';
import { currentSecretKey } from '../../keys.ts';
import { randomWord, STREAM } from '../../random.ts';
import type { Code, Deployment, Variable, Variables } from '../../state/services/deployments.ts';
import { secretAt } from '../webhooks/secret.ts';

type ProjectContext = Pick<WorldContext, 'seed' | 'startedAt' | 'scenario' | 'keys' | 'signer' | 'state'>;

const MINUTE_MS = 60_000;
const GOOD_AGE_MS = 3 * 24 * 60 * MINUTE_MS;

export const PROJECT_NAME = 'sample-app';

export function projectIdOf(seed: number): string {
  return `prj_${randomWord(28, seed, STREAM.deployment, 0)}`;
}

/** The id of the n-th deployment made during the drill; -1 and -2 are those of before it. */
export function deploymentIdAt(seed: number, number: number): string {
  return `dpl_${randomWord(28, seed, STREAM.deployment, number + 10)}`;
}

export function variableIdAt(seed: number, number: number): string {
  return randomWord(16, seed, STREAM.variable, number);
}

/** Signs the emergency bypass; both the app and whoever switches it on have it. */
export function bypassSecretOf(seed: number): string {
  return randomWord(40, seed, STREAM.serviceToken, 3);
}

/**
 * What the app needs. In a world without a deployment provider nobody could bring a rotated secret into the app, so it
 * has the one that holds.
 */
function rightVariables(context: ProjectContext): Variables {
  const { seed, keys, signer, scenario, state } = context;
  const isManaged = scenario.world.services.vercel !== undefined;
  return {
    CLERK_SECRET_KEY: isManaged ? keys.secretKey : currentSecretKey(context),
    CLERK_PUBLISHABLE_KEY: keys.publishableKey,
    NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: keys.publishableKey,
    CLERK_JWT_KEY: signer.publicPem,
    CLERK_WEBHOOK_SIGNING_SECRET: secretAt(seed, isManaged ? 0 : state.services.webhooks.secrets.length),
    CLERK_EMERGENCY_BYPASS_SECRET: bypassSecretOf(seed),
  };
}

/** All that were made, newest first. */
export function deploymentsOf(context: ProjectContext): readonly Deployment[] {
  const { seed, startedAt, state } = context;
  const variables = rightVariables(context);
  const at = startedAt - GOOD_AGE_MS;
  const good: Deployment = {
    id: deploymentIdAt(seed, -2),
    code: 'good',
    variables,
    createdAt: at,
    readyAt: at,
    message: 'Add the billing page',
  };
  const made = state.services.deployments.added.toReversed();
  const last = badSince(context) === undefined ? undefined : badDeployment(context);
  const all = last === undefined ? [...made, good] : [...made, last, good];
  return all.sort((a, b) => b.createdAt - a.createdAt); // Of two at once, the one that was asked for later stays first.
}

/**
 * The newest deployment of that code, also a bad one that nobody has seen yet: what the timeline brings into production.
 * undefined where the scenario knows no bad one.
 */
export function deploymentOf(context: ProjectContext, code: Code): Deployment | undefined {
  return deploymentsOf(context).find((one) => one.code === code) ?? badDeployment(context);
}

/** When the bad deployment was made; undefined where it was not, or not yet. */
function badSince({ startedAt, seed, scenario, state }: ProjectContext): number | undefined {
  const bad = scenario.world.app?.bad;
  if (bad === undefined) return undefined;
  if (bad.live) return startedAt - bad.minutesAgo * MINUTE_MS;
  const id = deploymentIdAt(seed, -1);
  return state.services.deployments.live.find((one) => one.id === id)?.at;
}

function badDeployment(context: ProjectContext): Deployment | undefined {
  const bad = context.scenario.world.app?.bad;
  if (bad === undefined) return undefined;
  const at = badSince(context) ?? context.startedAt;
  return {
    id: deploymentIdAt(context.seed, -1),
    code: 'bad',
    variables: overlay(rightVariables(context), bad.variables),
    createdAt: at,
    readyAt: at,
    message: 'Tidy up the authentication code',
  };
}

/** The deployment in production at that time. */
export function deploymentAt(context: ProjectContext, now: number): Deployment {
  const all = deploymentsOf(context);
  // The last that was asked for and acts by now: a roll-back holds although a build that was asked for earlier ends later.
  const current = context.state.services.deployments.live.findLast(({ at }) => at <= now);
  const found =
    all.find(({ id }) => id === current?.id) ??
    all.find(({ code, createdAt }) => createdAt < context.startedAt && (code === 'bad') === hasBadAtStart(context));
  if (found === undefined) throw new Error('a project always has the deployment of before the drill');
  return found;
}

/** Has it seen production traffic by that time? */
export function wasLive(context: ProjectContext, { id, code, createdAt }: Deployment, now: number): boolean {
  if (context.state.services.deployments.live.some((one) => one.id === id && one.at <= now)) return true;
  return createdAt < context.startedAt && (code === 'good' || hasBadAtStart(context));
}

function hasBadAtStart({ scenario }: ProjectContext): boolean {
  return scenario.world.app?.bad?.live === true;
}

/** The project's variables now, in the order in which they were made. */
export function variablesOf(context: ProjectContext): readonly Variable[] {
  const { seed, startedAt, scenario, state } = context;
  const bad = scenario.world.app?.bad;
  const right = rightVariables(context);
  const first = overlay(right, badSince(context) === undefined ? {} : (bad?.variables ?? {}));
  // By all names that there may be, so that an id stays that of its name when the bad deployment comes later.
  const names = Object.keys({ ...right, ...bad?.variables });
  const changed = state.services.deployments.variables;
  const at = startedAt - GOOD_AGE_MS;
  const seeded = Object.entries(first).map(([key, value]): Variable => {
    const id = variableIdAt(seed, names.indexOf(key));
    return { id, key, value, createdAt: at, updatedAt: at };
  });
  const ids = new Set(seeded.map(({ id }) => id));
  return [
    ...seeded.flatMap((one) => {
      const change = changed.get(one.id);
      if (change === undefined) return [one];
      return change === null ? [] : [{ ...change, createdAt: at }];
    }),
    ...[...changed].flatMap(([id, one]) => (ids.has(id) || one === null ? [] : [one])),
  ];
}

export function toVariables(list: readonly Variable[]): Variables {
  return Object.fromEntries(list.map(({ key, value }) => [key, value]));
}

function overlay(variables: Variables, changes: { readonly [name: string]: string | null }): Variables {
  const all = Object.entries({ ...variables, ...changes });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}
