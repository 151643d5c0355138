// Phones that a user signs in from without a second factor. The list has those that are trusted now, without paging.
// Silent: what revoking one twice does: `choices.repeatRemoval`, the device as it is, or 404.
import { devicesOf } from '../../state/credential-view.ts';
import { notFound } from '../errors.ts';
import { presentDevice } from '../present-credentials.ts';
import type { ClerkRoute } from '../route.ts';
import { findUser } from './users.ts';

export const trustedDeviceRoutes: readonly ClerkRoute[] = [
  {
    method: 'GET',
    path: '/v1/users/:userId/trusted_devices',
    handler: ({ params }, context) => {
      const devices = devicesOf(context, findUser(context, params.userId));
      const data = devices.filter(({ revokedAt }) => revokedAt === undefined).map(presentDevice);
      return { data, total_count: data.length };
    },
  },
  {
    method: 'DELETE',
    path: '/v1/users/:userId/trusted_devices/:id',
    handler: ({ params, now }, context) => {
      const user = findUser(context, params.userId);
      const { id = '' } = params;
      const device = devicesOf(context, user).find((one) => one.id === id);
      if (device === undefined) throw notFound('trusted device', id);
      if (device.revokedAt !== undefined) {
        if (context.choices.repeatRemoval === 'refuse') throw notFound('trusted device', id);
        return presentDevice(device);
      }
      context.commit({ type: 'trusted-device.remove', at: now, user: context.population.idAt(user), id });
      return presentDevice({ ...device, revokedAt: now });
    },
  },
];
