// OAuth applications, sign-in and actor tokens, as pure functions of the seed.
import { STREAM } from '../random.ts';
import type { KeyGround } from './key-ground.ts';
import { readWordId, within, wordId } from './key-ids.ts';

const HOUR_MS = 3_600_000;

export function oauthApplicationId({ population: { seed } }: KeyGround, application: number): string {
  return wordId('oa', seed, STREAM.oauthApplication, application);
}

export function oauthApplicationIndex({ population: { seed }, spec }: KeyGround, id: string): number | undefined {
  return within(readWordId('oa', seed, STREAM.oauthApplication, id), spec.oauthApplications);
}

export type IssuedKind = 'sign-in' | 'actor';
const ISSUED_PREFIX: { readonly [kind in IssuedKind]: string } = { 'sign-in': 'sit', actor: 'act' };

export interface IssuedToken {
  readonly id: string;
  readonly user: string;
  /** Somebody signed in with it. */
  readonly isUsed: boolean;
  readonly createdAt: number;
}

/** What the app's own records hold of tokens that it issued for compromised users: Clerk lists none. */
export function issuedTokens(ground: KeyGround, kind: IssuedKind): readonly IssuedToken[] {
  const count = kind === 'sign-in' ? ground.spec.signInTokens : ground.spec.actorTokens;
  return ground.population.compromised.slice(0, count).map((user, place) => issuedAt(ground, kind, user, place));
}

export function findIssuedToken(ground: KeyGround, kind: IssuedKind, id: string): IssuedToken | undefined {
  const user = readWordId(ISSUED_PREFIX[kind], ground.population.seed, STREAM.issuedToken, id);
  return user === undefined ? undefined : issuedTokens(ground, kind).find((token) => token.id === id);
}

function issuedAt({ population, startedAt }: KeyGround, kind: IssuedKind, user: number, place: number): IssuedToken {
  return {
    id: wordId(ISSUED_PREFIX[kind], population.seed, STREAM.issuedToken, user),
    user: population.idAt(user),
    isUsed: place % 3 === 2,
    createdAt: startedAt - (place + 1) * HOUR_MS,
  };
}
