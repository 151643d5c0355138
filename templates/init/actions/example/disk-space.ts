// An action of your own: this file, and no build. `runbook actions show example.disk-space` prints what it says of itself.
import { statfs } from 'node:fs/promises';
import { defineAction } from 'runbook/action';

export default defineAction({
  name: 'example.disk-space',
  title: 'Disk space',
  description: 'How much of the disk that holds a folder is free.',
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: { folder: { type: 'string', minLength: 1, description: 'Any folder on that disk' } },
    required: ['folder'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: { freePercent: { type: 'integer', description: 'Of the whole disk, rounded down' } },
    required: ['freePercent'],
    additionalProperties: false,
  },
  async run({ folder }) {
    const { bavail, blocks } = await statfs(folder);
    return { freePercent: Math.floor((100 * bavail) / Math.max(1, blocks)) };
  },
});
