// The family's reader for what belongs to a user's ways in: credentials, second factors, trusted devices.
import type { ActionContext, Described, DescribedTargets, JsonObject } from '../../../engine/action.ts';
import { CLERK_CONCURRENCY, clerkClient } from '../api/client.ts';
import { mapConcurrent } from '../api/concurrency.ts';
import { listTrustedDevices } from '../api/trusted-devices.ts';
import { CREDENTIAL_KINDS, readCredentials, readOwnedId, type UserCredentials } from '../api/user-credentials.ts';
import { FACTORS_KIND, PHONE_FACTOR_KIND } from '../changes/second-factors.ts';
import { distinct } from '../schemas.ts';

/** undefined: a kind that this does not read. What a known user does not have is a target all the same: it is gone. */
export async function describeCredentials(
  kind: string,
  ids: readonly string[],
  ctx: ActionContext,
): Promise<DescribedTargets | undefined> {
  if (kind === 'trusted-device') return await describeDevices(ids, ctx);
  const stateOf = STATES.get(kind);
  if (stateOf === undefined) return undefined;
  const userOf = (id: string): string | undefined => (kind === FACTORS_KIND ? id : readOwnedId(id)?.user);
  const owners = distinct(ids.flatMap((id) => userOf(id) ?? []));
  const users = await readCredentials(await clerkClient(ctx), owners);
  return new Map(
    ids.map((id): [string, Described | null] => {
      const user = users.get(userOf(id) ?? '');
      return [id, user === undefined ? null : describe(user.id, stateOf(user, readOwnedId(id)?.id ?? ''))];
    }),
  );
}

const STATES: ReadonlyMap<string, (user: UserCredentials, id: string) => JsonObject> = new Map([
  [FACTORS_KIND, ({ totp, backupCode }: UserCredentials): JsonObject => ({ totp, backupCode })],
  [
    PHONE_FACTOR_KIND,
    ({ credentials }: UserCredentials, id: string): JsonObject => ({
      isSecondFactor: credentials.some((one) => one.id === id && one.isSecondFactor),
    }),
  ],
  ...CREDENTIAL_KINDS.map(
    (kind) =>
      [
        kind,
        ({ credentials }: UserCredentials, id: string): JsonObject => ({
          isThere: credentials.some((one) => one.kind === kind && one.id === id),
        }),
      ] as const,
  ),
]);

function describe(user: string, state: JsonObject): Described {
  return { attributes: {}, state, owner: { kind: 'user', id: user } };
}

async function describeDevices(ids: readonly string[], ctx: ActionContext): Promise<DescribedTargets> {
  const client = await clerkClient(ctx);
  const owners = distinct(ids.flatMap((id) => readOwnedId(id)?.user ?? []));
  const lists = new Map(
    await mapConcurrent(
      owners,
      CLERK_CONCURRENCY,
      async (user) => [user, await listTrustedDevices(client, user)] as const,
    ),
  );
  return new Map(
    ids.map((id): [string, Described | null] => {
      const device = readOwnedId(id);
      const list = device === undefined ? undefined : lists.get(device.user);
      if (device === undefined || list === undefined || list === null) return [id, null];
      return [id, describe(device.user, { revoked: !list.some((one) => one.id === device.id) })];
    }),
  );
}
