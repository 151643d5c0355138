// A bulk action on a small service of the test, and its inverse, written as an author would.
import { defineAction } from '../../engine/action.ts';

const input = {
  type: 'object',
  properties: { url: { type: 'string' }, users: { type: 'array', items: { type: 'string' } } },
  required: ['url', 'users'],
  additionalProperties: false,
} as const;
const output = {
  type: 'object',
  properties: { done: { type: 'integer' }, already: { type: 'integer' } },
  required: ['done', 'already'],
  additionalProperties: false,
} as const;

const READ_AT_ONCE = 500;

function setBanned(name: string, wanted: boolean, inverse: string) {
  return defineAction({
    name,
    title: wanted ? 'Ban' : 'Unban',
    effect: 'destructive',
    idempotent: true,
    isUndoable: true,
    input,
    output,
    async describe(_kind, ids, ctx) {
      const states = new Map();
      for (let start = 0; start < ids.length; start += READ_AT_ONCE) {
        const chunk = ids.slice(start, start + READ_AT_ONCE);
        const answer = await ctx.fetch(`${ctx.env.SERVICE ?? ''}/state?ids=${chunk.join(',')}`);
        const banned = new Set((await answer.json()) as string[]);
        for (const id of chunk) states.set(id, { attributes: {}, state: { banned: banned.has(id) } });
      }
      return states;
    },
    env: ['SERVICE'],
    async run({ url, users }, ctx) {
      await ctx.changes(
        {
          kind: 'user',
          verb: wanted ? 'ban' : 'unban',
          after: { banned: wanted },
          targets: users.map((id) => ({ id })),
          batch: 50,
          concurrency: 4,
          undo: { uses: inverse, each: 'users', with: { url } },
        },
        async (chunk) => {
          const body = JSON.stringify({ banned: wanted, ids: chunk.map((target) => target.id) });
          const answer = await ctx.fetch(`${url}/set`, {
            method: 'POST',
            body,
            headers: { 'x-sender': String(process.pid) },
          });
          if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
          return undefined;
        },
      );
      const results = ctx.ledger();
      return {
        done: results.filter((result) => result.outcome === 'done').length,
        already: results.filter((result) => result.outcome === 'already').length,
      };
    },
  });
}

export const bulkActions = [setBanned('test.ban', true, 'test.unban'), setBanned('test.unban', false, 'test.ban')];
