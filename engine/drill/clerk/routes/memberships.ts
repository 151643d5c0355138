// GET /users/{user_id}/organization_memberships: which organizations a user is in.
import type { Json, JsonObject } from '../../../json.ts';
import type { World } from '../../context.ts';
import { plainId } from '../../population/ids.ts';
import type { KeyGround } from '../../population/key-ground.ts';
import { organizationCreatedAt, organizationId, organizationsOf } from '../../population/organizations.ts';
import { STREAM } from '../../random.ts';
import { findUser, profileOf } from '../../state/view.ts';
import { notFound } from '../errors.ts';
import { groundOf } from '../key-requests.ts';
import { readPage } from '../parameters.ts';
import type { ClerkContext, ClerkRequest, ClerkRoute } from '../route.ts';

const MAX_MEMBERS = 1000;

function presentMembership(ground: KeyGround, world: World, user: number, organization: number): JsonObject {
  const createdAt = organizationCreatedAt(ground, organization);
  const { seed } = ground.population;
  const { firstName, lastName, email } = profileOf(world, user);
  return {
    object: 'organization_membership',
    id: plainId('orgmem', seed, STREAM.organization, user, 16 + organization),
    role: 'org:member',
    role_name: 'Member',
    permissions: [],
    public_metadata: {},
    private_metadata: {},
    organization: {
      object: 'organization',
      id: organizationId(ground, organization),
      name: `Organization ${organization + 1}`,
      slug: `organization-${organization + 1}`,
      has_image: false,
      max_allowed_memberships: MAX_MEMBERS,
      admin_delete_enabled: true,
      public_metadata: {},
      private_metadata: {},
      created_at: createdAt,
      updated_at: createdAt,
    },
    // Not required by the file, but the SDK cannot read a membership without it.
    public_user_data: {
      user_id: ground.population.idAt(user),
      first_name: firstName,
      last_name: lastName,
      profile_image_url: null,
      image_url: `https://img.clerk.com/drill-${user}`,
      has_image: false,
      identifier: email,
    },
    created_at: createdAt,
    updated_at: createdAt,
  };
}

/** The file lists 403 and no 404: what an unknown user answers is silent. Ours is 404, as for every other call on a user. */
function list({ params, query }: ClerkRequest, context: ClerkContext): Json {
  const { limit, offset } = readPage(query);
  const id = params.userId ?? '';
  const user = findUser(context, id);
  if (user === undefined) throw notFound('user', id);
  const ground = groundOf(context);
  // Who signed up during the drill is in none.
  const organizations = user < context.population.size ? organizationsOf(ground, user) : [];
  return {
    data: organizations.slice(offset, offset + limit).map((one) => presentMembership(ground, context, user, one)),
    total_count: organizations.length,
  };
}

export const membershipRoutes: readonly ClerkRoute[] = [
  { method: 'GET', path: '/v1/users/:userId/organization_memberships', handler: list },
];
