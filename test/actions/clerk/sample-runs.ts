// For every action of the family that changes something: inputs that do something in this world, and how its changes go back.

import type { DrillWorld } from '../../../engine/drill/world.ts';
import type { Json, JsonObject } from '../../../engine/json.ts';
import { KEY_WORLD } from '../../drill/conformance/keys.ts';
import { ask, must, scenarioWith } from '../../drill/helpers.ts';

export const SCENARIO = scenarioWith({
  users: 60,
  compromised: { count: 6 },
  decoys: 1,
  keys: { ...KEY_WORLD },
  credentials: { addedByAttacker: { emails: 6, phones: 6, externalAccounts: 6, passkeys: 6 } },
});

interface Protected {
  readonly id: string;
  readonly hasOthers: boolean;
}

export interface Sample {
  /** What the world needs before, by plain requests. */
  prepare?(world: DrillWorld): Promise<void>;
  input(world: DrillWorld): JsonObject;
  /** Inputs that the schema must refuse. */
  readonly wrong: readonly JsonObject[];
  /** The kind of target that a limit is set on. */
  readonly kind: string;
  /** Whom to protect: it is left as it is. With others beside it, those are changed. */
  protect(world: DrillWorld): Protected | Promise<Protected>;
  /**
   * `restores`: marks are as before. `unchecked`: the same, but only where a person wants it unseen, for nothing can look.
   * `cannot`: nothing takes it back, and that is said.
   */
  readonly undo: 'restores' | 'unchecked' | 'cannot';
  /** What it changes leaves no trace in the world. */
  readonly isTraceless?: boolean;
}

const users = (world: DrillWorld): string[] => world.ground.compromised.slice(0, 3);
const user = (world: DrillWorld): string => must(world.ground.compromised[0]);
const IDENTIFIERS = ['intruder@evil.example', '*@bad.example'];
const FIELD = 'privateMetadata.security.reverify';

const WRONG_USERS: readonly JsonObject[] = [
  {},
  { users: 'user_a' },
  { users: ['../instance'] },
  { users: [], more: 1 },
];

async function onEach(world: DrillWorld, what: string): Promise<void> {
  for (const id of users(world)) await sent(world, 'POST', `/v1/users/${id}/${what}`);
}

async function sent(world: DrillWorld, method: string, path: string, body?: Json): Promise<void> {
  const { status } = await ask(world, method, path, body);
  if (status !== 200) throw new Error(`${method} ${path} answered ${status}`);
}

function onUsers(more: Partial<Sample> & Pick<Sample, 'undo'>): Sample {
  return {
    input: (world) => ({ users: users(world) }),
    wrong: WRONG_USERS,
    kind: 'user',
    protect: (world) => ({ id: user(world), hasOthers: true }),
    ...more,
  };
}

function onIdentifiers(prepare?: Sample['prepare']): Sample {
  return {
    ...(prepare === undefined ? {} : { prepare }),
    input: () => ({ identifiers: IDENTIFIERS }),
    wrong: [{}, { identifiers: ['everybody'] }, { identifiers: ['a b@c.example'] }, { identifiers: [], more: 1 }],
    kind: 'blocked-identifier',
    protect: () => ({ id: must(IDENTIFIERS[0]), hasOthers: true }),
    undo: 'restores',
  };
}

const issued = (world: DrillWorld, kind: 'sign-in' | 'actor'): string[] =>
  must(world.facts().keys).issuedTokens.flatMap((token) => (token.kind === kind && !token.isUsed ? [token.id] : []));

/** The intruder's credential of a kind that a user has, in this world. */
function added(world: DrillWorld, kind: string, id: string): string {
  return must(world.facts().attackerCredentials?.find((one) => one.user === id && one.kind === kind)).id;
}

async function reserve(world: DrillWorld, isReserved: boolean): Promise<void> {
  for (const id of users(world)) {
    const path = `/v1/phone_numbers/${added(world, 'phone_number', id)}`;
    await sent(world, 'PATCH', path, { reserved_for_second_factor: isReserved });
  }
}

/** By the action's name. An action without a sample fails every-destructive-action.test.ts. */
export const SAMPLES: { readonly [action: string]: Sample } = {
  'clerk.ban-users': onUsers({ undo: 'restores' }),
  'clerk.unban-users': onUsers({ prepare: (world) => onEach(world, 'ban'), undo: 'restores' }),
  'clerk.lock-users': onUsers({ undo: 'restores' }),
  'clerk.unlock-users': onUsers({ prepare: (world) => onEach(world, 'lock'), undo: 'restores' }),
  'clerk.compromise-passwords': onUsers({ undo: 'unchecked' }),
  'clerk.uncompromise-passwords': onUsers({
    prepare: (world) => onEach(world, 'password/set_compromised'),
    undo: 'unchecked',
  }),
  'clerk.lockout-users': onUsers({ undo: 'restores' }),
  'clerk.revoke-sessions': onUsers({ undo: 'cannot' }),
  'clerk.set-user-metadata': onUsers({
    prepare: (world) =>
      sent(world, 'PATCH', `/v1/users/${users(world)[1]}/metadata`, {
        private_metadata: { security: { reverify: 3 } },
      }),
    input: (world) => ({ users: users(world), field: FIELD, value: 'yes' }),
    wrong: [
      { users: ['user_a'], field: 'unsafeMetadata.flag', value: true },
      { users: ['user_a'], field: 'privateMetadata', value: true },
      { users: ['user_a'], field: FIELD, value: [1] },
    ],
    undo: 'restores',
  }),
  'clerk.require-verification': onUsers({
    input: (world) => ({ users: users(world), field: FIELD }),
    wrong: [{ users: ['user_a'] }, { users: ['user_a'], field: 'unsafeMetadata.flag' }],
    undo: 'restores',
  }),
  'clerk.remove-mfa': onUsers({
    prepare: (world) => reserve(world, true),
    wrong: [...WRONG_USERS, { users: ['user_a'], what: 'passkey' }],
    undo: 'restores',
  }),
  'clerk.restore-phone-factors': onUsers({
    prepare: (world) => reserve(world, false),
    input: (world) => ({ phones: users(world).map((id) => `${id}/${added(world, 'phone_number', id)}`) }),
    wrong: [{}, { phones: ['user_a'] }, { phones: ['user_a/../idn_b'] }, { phones: [], more: 1 }],
    undo: 'cannot',
  }),
  'clerk.revoke-trusted-devices': onUsers({
    input: (world) => ({ users: world.ground.compromised }),
    undo: 'cannot',
  }),
  'clerk.remove-credentials': onUsers({
    input: (world) => ({
      items: users(world).flatMap((id) => [
        { user: id, kind: 'email-address', id: added(world, 'email_address', id) },
        { user: id, kind: 'passkey', id: added(world, 'passkey', id) },
      ]),
    }),
    wrong: [
      {},
      { items: [{ user: 'user_a', kind: 'password', id: 'idn_b' }] },
      { items: [{ user: 'user_a', kind: 'passkey', id: '../b' }] },
      { items: [], more: 1 },
    ],
    undo: 'cannot',
  }),
  'clerk.block-identifiers': onIdentifiers(),
  'clerk.unblock-identifiers': onIdentifiers(async (world) => {
    for (const identifier of IDENTIFIERS) await sent(world, 'POST', '/v1/blocklist_identifiers', { identifier });
  }),
  'clerk.protect-instance': {
    prepare: (world) => sent(world, 'PATCH', '/v1/instance/protect', { specter_enabled: true }),
    input: () => ({ rules: true, specter: false }),
    wrong: [{}, { rules: 'on' }, { everything: true }],
    kind: 'instance-protect',
    protect: () => ({ id: 'instance', hasOthers: false }),
    undo: 'restores',
  },
  'clerk.restrict-instance': {
    prepare: (world) => sent(world, 'PATCH', '/v1/instance/restrictions', { block_email_subaddresses: true }),
    input: () => ({
      set: { blocklist: true, blockEmailSubaddresses: false },
      earlier: { blocklist: false, blockEmailSubaddresses: true },
    }),
    wrong: [{}, { set: {} }, { set: { everything: true } }, { set: { blocklist: 'on' } }],
    kind: 'instance-restrictions',
    protect: () => ({ id: 'instance', hasOthers: false }),
    undo: 'unchecked',
  },
  'clerk.diagnose-performance': {
    input: (world) => ({ user: user(world), samples: 1, warmUp: 0 }),
    wrong: [{ user: 'a' }, { samples: 0 }, { everything: true }],
    kind: 'user',
    protect: (world) => ({ id: user(world), hasOthers: false }),
    undo: 'cannot',
    // A token that lasts a minute.
    isTraceless: true,
  },
  'clerk.revoke-api-keys': onUsers({
    input: (world) => ({ users: users(world), includeOrganizations: false }),
    undo: 'cannot',
  }),
  'clerk.revoke-machine-tokens': {
    input: () => ({}),
    wrong: [{ machines: 'all' }, { machines: ['user_a'] }, { everything: true }],
    kind: 'machine',
    protect: async (world) => {
      const { data } = (await ask(world, 'GET', '/v1/machines')).body as { data: JsonObject[] }; // PaginatedMachines
      return { id: String(data[0]?.id), hasOthers: true };
    },
    undo: 'cannot',
  },
  'clerk.revoke-tokens': {
    input: (world) => ({ signInTokens: issued(world, 'sign-in'), actorTokens: issued(world, 'actor') }),
    wrong: [{ signInTokens: 'sit_a' }, { tokens: [] }],
    kind: 'sign-in-token',
    protect: (world) => ({ id: must(issued(world, 'sign-in')[0]), hasOthers: true }),
    undo: 'cannot',
  },
  'clerk.rotate-secret-key': {
    input: (world) => ({ application: must(world.env.CLERK_APPLICATION_ID), instance: 'production' }),
    wrong: [{}, { application: 'app_a', instance: 'everywhere' }, { application: '../a', instance: 'production' }],
    kind: 'instance-secret-key',
    protect: (world) => ({ id: `${must(world.env.CLERK_APPLICATION_ID)}/production`, hasOthers: false }),
    undo: 'cannot',
  },
};
