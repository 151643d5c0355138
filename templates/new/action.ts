import { ChangeRefused, defineAction } from 'runbook/action';

export default defineAction({
  name: '__NAME__',
  title: '__TITLE__',
  description: 'What it does, and what it does not do.',
  // read: changes nothing. change: changes something outside. destructive: changes what people depend on.
  effect: 'change',
  // May it be sent again where its answer was lost?
  idempotent: true,
  input: {
    type: 'object',
    properties: { url: { type: 'string', format: 'uri', description: 'What to act on' } },
    required: ['url'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: { changed: { type: 'boolean', description: 'Did it happen?' } },
    required: ['changed'],
    additionalProperties: false,
  },
  async run({ url }, ctx) {
    // Every effect on the outside goes through ctx.change: then it is planned, limited, recorded, and never done twice.
    const { outcome } = await ctx.change(
      { kind: 'service', id: url, verb: 'touch', after: { touched: true } },
      async (signal) => {
        const response = await ctx.fetch(url, { method: 'PUT', signal });
        // A 4xx is known not to have happened. Any other error leaves it unknown.
        if (response.status >= 400 && response.status < 500)
          throw new ChangeRefused(`${url} answered ${response.status}`);
        if (!response.ok) throw new Error(`${url} answered ${response.status}`);
      },
    );
    return { changed: outcome === 'done' };
  },
});
