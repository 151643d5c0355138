// What the actions of the family are given alike: what the message is about, and how its text is made.

/** No line break, so that no header of a mail and no field of a message can be begun in it. */
const ONE_LINE = '^[^\\u0000-\\u001f\\u007f\\u2028\\u2029]*$';

export const TITLE = {
  type: 'string',
  minLength: 1,
  maxLength: 200,
  pattern: ONE_LINE,
  description: 'What is wrong, in a few words: `Sign-in fails for everybody`',
} as const;

export const SEVERITY = {
  type: 'string',
  enum: ['P1', 'P2', 'P3', 'P4'],
  description: "How bad it is; `${{ run.severity }}` is the run's",
} as const;

export const MESSAGE = {
  title: TITLE,
  severity: SEVERITY,
  stage: {
    type: 'string',
    enum: ['start', 'update', 'resolved'],
    default: 'update',
    description: 'Which of the default texts: the first word of it, what is new, or that it is over',
  },
  audience: {
    type: 'string',
    enum: ['team', 'users'],
    description: 'For whom the default text is: those who work on it, or those whom it hits',
  },
  text: {
    type: 'string',
    minLength: 1,
    maxLength: 20_000,
    description: 'The text itself, in the place of the default one. It is sent as it is, as plain text',
  },
  template: {
    type: 'string',
    pattern: '^[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)*$',
    maxLength: 120,
    description:
      'A template in the place of the default text, without its endings: `outage-users` is templates/outage-users.txt.hbs',
  },
  data: {
    type: 'object',
    additionalProperties: true,
    description:
      'What the template reads as `data`. The default texts read impact, cause, action, workaround, next_update and url, each if it is there',
  },
} as const;

/** Read by others: no secret may stand in them. */
export const SHOWN_INPUTS = ['title', 'text', 'data'] as const;

/** The default texts, by stage and audience. */
export const DEFAULT_TEMPLATES = [
  'notify/start-team',
  'notify/start-users',
  'notify/update-team',
  'notify/update-users',
  'notify/resolved-team',
  'notify/resolved-users',
  'notify/text',
] as const;

export const DEFAULT_TEXT_KEYS: ReadonlySet<string> = new Set([
  'impact',
  'cause',
  'action',
  'workaround',
  'next_update',
  'url',
]);
