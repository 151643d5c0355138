// Keys and tokens that were made, revoked or rotated during the drill. What there is before it is a pure function of the
// seed (population/key-ground.ts).
import { type At, type Folds, noteRepeat } from './fold.ts';
import { note, onUser } from './on-user.ts';

export type KeyMutation = At &
  /** `subject`: a user's or an organisation's id. */
  (
    | { readonly type: 'api-key.create'; readonly id: string; readonly subject: string; readonly name: string }
    | { readonly type: 'api-key.revoke'; readonly id: string; readonly subject: string; readonly reason?: string }
    | { readonly type: 'm2m-token.revoke'; readonly id: string; readonly reason?: string }
    | { readonly type: 'machine-key.rotate'; readonly machine: string; readonly previousTtlSeconds: number }
    | { readonly type: 'oauth-secret.rotate'; readonly application: string }
    | { readonly type: 'sign-in-token.revoke'; readonly id: string }
    | { readonly type: 'actor-token.revoke'; readonly id: string }
    /** The old keys are refused from `oldKeysUntil` on (milliseconds). */
    | { readonly type: 'secret-key.rotate'; readonly oldKeysUntil: number }
  );

export interface AddedApiKey {
  readonly id: string;
  readonly subject: string;
  readonly name: string;
  readonly at: number;
  readonly by: 'attacker' | 'world' | 'responder';
}

export interface KeyState {
  readonly apiKeys: AddedApiKey[];
  /** When what was revoked, by id: API keys, machine, sign-in and actor tokens. */
  readonly revoked: Map<string, { readonly at: number; readonly reason: string | null }>;
  /** How often a machine's key or an application's secret was rotated, and when last, by id. */
  readonly rotated: Map<string, { readonly count: number; readonly at: number }>;
  /** One entry a rotation of the instance's secret key, oldest first. */
  readonly secretKeys: { readonly at: number; readonly oldKeysUntil: number }[];
}

export function emptyKeys(): KeyState {
  return { apiKeys: [], revoked: new Map(), rotated: new Map(), secretKeys: [] };
}

type TokenRevocation = Extract<
  KeyMutation,
  { readonly type: 'm2m-token.revoke' | 'sign-in-token.revoke' | 'actor-token.revoke' }
>;

const revokeToken = (slice: KeyState, mutation: TokenRevocation, context: Parameters<typeof noteRepeat>[0]): void => {
  if (slice.revoked.has(mutation.id)) return noteRepeat(context, mutation, mutation.id);
  const reason = 'reason' in mutation ? (mutation.reason ?? null) : null;
  slice.revoked.set(mutation.id, { at: mutation.at, reason });
};

const rotate = (slice: KeyState, id: string, at: number): void => {
  slice.rotated.set(id, { count: (slice.rotated.get(id)?.count ?? 0) + 1, at });
};

export const keyFolds: Folds<KeyMutation, KeyState> = {
  'api-key.create': (slice, { id, subject, name, at, by }) => {
    slice.apiKeys.push({ id, subject, name, at, by: by ?? 'responder' });
  },
  'api-key.revoke': (slice, mutation, context) => {
    if (slice.revoked.has(mutation.id)) return noteRepeat(context, mutation, mutation.id);
    slice.revoked.set(mutation.id, { at: mutation.at, reason: mutation.reason ?? null });
    onUser(context, mutation, mutation.subject, (fold) =>
      note(fold, { at: mutation.at, kind: 'api-key-revoked', target: mutation.id }),
    );
  },
  'm2m-token.revoke': revokeToken,
  'sign-in-token.revoke': revokeToken,
  'actor-token.revoke': revokeToken,
  'machine-key.rotate': (slice, { machine, at }) => rotate(slice, machine, at),
  'oauth-secret.rotate': (slice, { application, at }) => rotate(slice, application, at),
  'secret-key.rotate': (slice, { at, oldKeysUntil }) => {
    slice.secretKeys.push({ at, oldKeysUntil });
  },
};
