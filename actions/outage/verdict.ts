import { defineAction, type JsonObject } from '../../engine/action.ts';
import { contradictionsOf, type Evidence, evidenceOf, WEIGHTS, WITNESSES } from './evidence.ts';
import { LOG_KINDS, readWitnesses, type Witnesses } from './readings.ts';
import { CONFIDENCES, HOWS, rule, VERDICTS } from './rulings.ts';
import { claimOf, nextOf, summaryOf } from './words.ts';

const witness = (description: string) =>
  ({ type: ['object', 'null'], description: `${description}; absent, null or {} where it was not asked` }) as const;

export default defineAction({
  name: 'outage.verdict',
  title: 'Find the side that is broken',
  description: [
    'Judges by the outputs of earlier steps whose fault an outage of signing in is: Clerk, the application, the network here, or',
    'the configuration (a wrong key or variable); with what each witness says, and what speaks against it. Asks nobody itself.',
    'What was measured weighs more than the status page, which people write: a page that says all is well does not clear a Clerk',
    'whose API fails, and one that is red for billing accuses nobody. A witness that was not reached says nothing. Without the',
    'app’s own word a Clerk that is well gives `unclear`, not `healthy`.',
  ].join('\n'),
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      status: witness('Output of clerk.status'),
      api: witness('Output of clerk.probe-api'),
      app: witness(
        "Output of an http.probe of the app's health endpoint, by GET and with `pick` of what it says of Clerk",
      ),
      page: witness('Output of an http.probe of a page of the app'),
      frontend: witness("Output of an http.probe of Clerk's Frontend API, the host in the publishable key"),
      env: witness("Output of an env.check of the app's variables"),
      network: witness('Output of an http.probe of a neutral address, neither of Clerk nor of the app'),
      deployments: witness('Output of vercel.deployments, or an object with `liveMinutes`'),
      logs: {
        type: ['object', 'null'],
        properties: Object.fromEntries(LOG_KINDS.map((kind) => [kind, { type: 'integer', minimum: 0 }])),
        additionalProperties: false,
        description: "How many lines of the app's log speak for what: counts of logs.search, by kind",
        examples: [{ clerk: 0, configuration: 12, application: 0 }],
      },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      verdict: { type: 'string', enum: VERDICTS },
      how: { type: 'string', enum: HOWS, description: 'What is wrong there; none with healthy and unclear' },
      confidence: { type: 'string', enum: CONFIDENCES },
      claim: { type: 'string', description: 'The verdict in a sentence' },
      summary: { type: 'string', description: 'Markdown: the claim, then what each witness says' },
      evidence: {
        type: 'array',
        description: 'Of the witnesses that there are',
        items: {
          type: 'object',
          properties: {
            witness: { type: 'string', enum: WITNESSES },
            says: { type: 'string' },
            weight: { type: 'string', enum: WEIGHTS, description: '`none`: it says nothing of whose fault it is' },
            fits: { type: 'array', items: { type: 'string', enum: VERDICTS }, description: 'Verdicts it fits' },
          },
          required: ['witness', 'says', 'weight', 'fits'],
          additionalProperties: false,
        },
      },
      contradicts: {
        type: 'array',
        items: { type: 'string' },
        description: 'What speaks against the verdict, each with its witness',
      },
      next: { type: 'string', description: 'What to do now' },
    },
    required: ['verdict', 'how', 'confidence', 'claim', 'summary', 'evidence', 'contradicts', 'next'],
    additionalProperties: false,
  },
  run(input) {
    // Objects of any form, which their types do not say; the readings take nothing in them for granted.
    const given = input as { readonly [name: string]: JsonObject | null | undefined } as Witnesses;
    const readings = readWitnesses(given);
    const ruling = rule(readings);
    const evidence = evidenceOf(readings, given);
    const against = contradictionsOf(evidence, ruling.verdict);
    return Promise.resolve({
      ...ruling,
      claim: claimOf(ruling),
      summary: summaryOf(ruling, evidence, against),
      evidence: evidence.map((one: Evidence) => ({ ...one, fits: [...one.fits] })),
      contradicts: against.map((one) => `${one.witness}: ${one.says}`),
      next: nextOf(ruling),
    });
  },
});
