// What belongs to the instance as a whole: blocklist, restrictions, attack protection, the webhook sender's dashboard.
import { isJsonObject } from '../../../engine/json.ts';
import { ask } from '../helpers.ts';
import { of, type Topic } from './case.ts';

const BLOCKED = { identifier: 'intruder@evil.example' };

export const settingsTopic: Topic = {
  name: 'settings of the instance',
  world: {},
  cases: async (world) => {
    const added = await ask(world, 'POST', '/v1/blocklist_identifiers', { identifier: 'other@evil.example' });
    const id = isJsonObject(added.body) ? String(added.body.id) : '';
    return [
      of('POST', '/blocklist_identifiers', { body: BLOCKED }),
      of('POST', '/blocklist_identifiers', { body: BLOCKED, status: 400 }),
      of('POST', '/blocklist_identifiers', { body: {}, status: 422 }),
      of('GET', '/blocklist_identifiers'),
      of('DELETE', '/blocklist_identifiers/{identifier_id}', { ids: [id] }),
      of('DELETE', '/blocklist_identifiers/{identifier_id}', { ids: ['blid_none'], status: 404 }),
      of('PATCH', '/instance/restrictions', { body: { allowlist: true } }),
      of('PATCH', '/instance/restrictions', { body: { allowlist: 'yes' }, status: 422 }),
      of('GET', '/instance/protect'),
      of('PATCH', '/instance/protect', { body: { rules_enabled: true } }),
      of('PATCH', '/instance/protect', { body: { rules_enabled: 1 }, status: 422 }),
      of('POST', '/webhooks/svix_url'),
    ];
  },
};
